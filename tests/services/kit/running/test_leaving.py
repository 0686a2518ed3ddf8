"""A process that spoke to Temporal ends with its own exit code, after everything that it owes was done."""

import subprocess
import sys
import textwrap


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60, check=False
    )


def test_threads_exit_functions_and_output_are_waited_for_and_the_interpreter_is_not_torn_down() -> None:
    done = run("""
        import atexit, sys, threading
        from concurrent.futures import ThreadPoolExecutor
        from services.kit.running.leaving import leave

        class Remains:
            def __del__(self):
                print("torn down")

        remains = Remains()
        left_open = ThreadPoolExecutor()  # its thread ends only when told that the process does
        left_open.submit(int).result()
        go = threading.Event()
        threading.Thread(target=lambda: (go.wait(), print("thread"))).start()
        atexit.register(print, "exit function")
        sys.stdout.write("unflushed ")
        go.set()
        leave(3)
    """)
    assert (done.stdout.split(), done.returncode) == (["unflushed", "thread", "exit", "function"], 3)


def test_an_error_that_nobody_catches_keeps_its_traceback() -> None:
    done = run("""
        import sys
        from deploy.cli import main
        main.app = lambda: 1 / 0
        main.main()
    """)
    assert "ZeroDivisionError" in done.stderr
    assert done.returncode == 1


def test_commands_end_by_leaving() -> None:
    done = run("""
        import atexit, sys
        from deploy.cli import main

        class Remains:
            def __del__(self):
                print("torn down")

        remains = Remains()
        sys.argv = ["ringi", "no-such-command"]
        main.main()
    """)
    assert (done.stdout, done.returncode) == ("", 2)
    assert "no-such-command" in done.stderr
