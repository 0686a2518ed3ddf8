"""What a service's role may do in its database: read and write rows, no more; where rows are only ever inserted, insert
and read.

Tables belong to another role, which migrates. The rights follow from the tables themselves, and are given anew after
each migration: a table with the trigger ``refuse_change`` is one that only grows.
"""

from typing import Final

_GRANTEE: Final = "SELECT set_config('ringi.grantee', %s, false)"
# Without a percent sign, which SQLAlchemy and psycopg read as a parameter.
_GRANT: Final = """
DO $body$
DECLARE
    grantee CONSTANT text DEFAULT current_setting('ringi.grantee');
    whom CONSTANT text DEFAULT quote_ident(grantee);
    place record;
    rights text[];
BEGIN
    IF to_regrole(grantee) IS NULL THEN
        RETURN; -- a database for one's own use, without roles apart
    END IF;
    FOR place IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        AND pg_has_role(nspowner, 'USAGE') AND NOT pg_has_role(grantee, nspowner, 'USAGE')
    LOOP
        EXECUTE 'REVOKE ALL ON SCHEMA ' || quote_ident(place.nspname) || ' FROM PUBLIC, ' || whom;
        EXECUTE 'GRANT USAGE ON SCHEMA ' || quote_ident(place.nspname) || ' TO ' || whom;
    END LOOP;
    FOR place IN
        SELECT c.oid::regclass AS name, c.relkind, c.relname, coalesce(kept.events, 0) AS kept
        FROM pg_class c
        LEFT JOIN (
            SELECT t.tgrelid, bit_or(t.tgtype) AS events FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE p.proname = 'refuse_change' AND NOT t.tgisinternal GROUP BY t.tgrelid
        ) kept ON kept.tgrelid = c.oid
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
            AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
            AND pg_has_role(c.relowner, 'USAGE') AND NOT pg_has_role(grantee, c.relowner, 'USAGE')
    LOOP
        rights = CASE WHEN place.relkind = 'S' THEN '{USAGE,SELECT}'
            WHEN place.relname = 'alembic_version' THEN '{SELECT}' ELSE '{SELECT,INSERT,UPDATE,DELETE}' END;
        IF place.kept & 16 > 0 THEN
            rights = array_remove(rights, 'UPDATE');
        END IF;
        IF place.kept & 8 > 0 THEN
            rights = array_remove(rights, 'DELETE');
        END IF;
        EXECUTE 'REVOKE ALL ON ' || place.name || ' FROM PUBLIC, ' || whom;
        EXECUTE 'GRANT ' || array_to_string(rights, ', ') || ' ON ' || place.name || ' TO ' || whom;
    END LOOP;
    -- What a service does to its tables stands in functions, as the outbox's months: by the rights of who owns them.
    FOR place IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE prosrc ~ 'CREATE (TABLE|SEQUENCE)' AND pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
            AND pg_has_role(proowner, 'USAGE') AND NOT pg_has_role(grantee, proowner, 'USAGE')
    LOOP
        EXECUTE 'ALTER FUNCTION ' || place.name || ' SECURITY DEFINER SET search_path = public, pg_temp';
        EXECUTE 'REVOKE ALL ON FUNCTION ' || place.name || ' FROM PUBLIC';
        EXECUTE 'GRANT EXECUTE ON FUNCTION ' || place.name || ' TO ' || whom;
    END LOOP;
END $body$
"""


def role_of(service: str) -> str:
    return f"ringi_{service}"


def statements(service: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Statements with their parameters, for whoever owns the tables. They do nothing where the role does not exist, and
    nothing to tables that the role itself owns."""
    return ((_GRANTEE, (role_of(service),)), (_GRANT, ()))
