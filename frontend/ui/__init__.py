"""The shared component library: tokens, macros, icons, formatters, i18n and the skeleton of a remote app."""
