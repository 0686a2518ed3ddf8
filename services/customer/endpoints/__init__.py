"""HTTP of the customer service; `routers` in the order in which paths are matched."""

from services.customer.endpoints import changes, internal, lifecycle, lists, processes, records

routers = [
    lists.router,
    records.router,
    changes.router,
    lifecycle.router,
    processes.router,
    internal.router,
]
