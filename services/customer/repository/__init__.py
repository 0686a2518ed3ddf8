"""All SQL of the customer service: `reading` for answers, `writing` for rules, `handover` for what leavers leave."""
