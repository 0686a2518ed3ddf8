"""Who plays in tests of the rules: nobody whom a database knows."""

from uuid import UUID

from services.opportunity.progress import Actor

PEOPLE = [UUID(int=number) for number in range(1, 7)]
REQUESTER = PEOPLE[0]
SYSTEM = Actor(None)
PROCESSES = [UUID(int=number) for number in range(100, 103)]
