from services.kit.migrations import run

run()
