from services.kit.db.migrations import run

run()
