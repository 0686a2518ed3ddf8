"""HTTP of the customer service; `routers` in the order in which paths are matched."""

from services.customer.endpoints import customers, deletion, internal, processes

routers = [customers.router, deletion.router, processes.router, internal.router]
