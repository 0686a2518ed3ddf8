"""Every service's worker in one process, over one connection to Temporal: the embedded run's `worker`."""

from workers import analytics, auth, customer, opportunity, runtime, sales_activity

COMPOSERS = (auth.compose, customer.compose, sales_activity.compose, opportunity.compose, analytics.compose)


def main() -> None:
    runtime.main(*COMPOSERS, name="worker")


if __name__ == "__main__":
    main()
