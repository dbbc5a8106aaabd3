"""Imports generate in every environment, and one module is generated once, whoever else wants it at the same time."""

from __future__ import annotations

import signal
import textwrap
import time
from pathlib import Path

import pytest
from outside_project import ANCHOR, MIX, USES_MIX, Project, tell
from outside_terminal import at_terminal

from genloom.testing import Fault, RecordedRequest

pytestmark = pytest.mark.slow

LINES = "from myapp.gen.text import mix; assert mix(2) == 15851; assert mix(-3) == 80985; print('ok', mix(21))"


def _written_once(project: Project) -> bool:
    return project.model.calls == 1 and project.pinned == {"text.py"}


def _wait_for(path: Path) -> None:
    """Wait for a file, a minute at most."""
    last = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < last, f"{path.name} never came"
        time.sleep(0.01)


def test_from_the_command_line(project: Project) -> None:
    """`python -c`."""
    done = project.run("-c", LINES)
    assert done.out == "ok 61583\n", done.err
    assert _written_once(project)


def test_from_standard_input(project: Project) -> None:
    """`python -`, which keeps no text of what it runs: the model is asked all the same."""
    done = project.run("-", stdin=USES_MIX)
    assert project.model.calls in (1, 2)  # without the text there are no checks, and the model is asked for some
    assert done.out == "ok 61583\n" or "unverified" in done.err.lower(), done.err


def test_at_the_interactive_prompt(project: Project) -> None:
    """`python -i` at a terminal: the statement that was typed asks; what it asks for has no checks and is accepted."""
    project.write("myapp/gen/__init__.py", ANCHOR.replace(")", ", accept_unverified=True)"))
    typed = "from myapp.gen.text import mix\nprint('answer', mix(21))\nexit()\n"
    _, shown = at_terminal(project, "-i", "-q", typed=typed)
    assert "answer 61583" in shown
    assert project.pinned == {"text.py"}
    assert project.model.calls in (1, 2)


def test_in_ipython(project: Project) -> None:
    """A statement that was typed into IPython, with its checks in the same cell."""
    done = project.run("-m", "IPython", "--colors=NoColor", "-c", LINES.replace("; ", "\n"))
    assert "ok 61583" in done.out, done.said
    assert _written_once(project)


def test_in_a_script_that_ipython_runs(project: Project) -> None:
    """`ipython program.py`."""
    project.write("program.py", USES_MIX)
    done = project.run("-m", "IPython", "program.py")
    assert "ok 61583" in done.out, done.said
    assert _written_once(project)


def test_under_coverage(project: Project) -> None:
    """The lines of the generated file count, too."""
    project.write("program.py", USES_MIX)
    done = project.run("-m", "coverage", "run", "--source=myapp", "program.py")
    assert "ok 61583" in done.out, done.said
    assert _written_once(project)
    report = project.run("-m", "coverage", "report", "-m")
    assert "myapp/gen/text.py" in report.out, report.said
    assert "100%" in next(line for line in report.out.splitlines() if "gen/text.py" in line)


@pytest.mark.parametrize("place", ["top", "inside"])
def test_under_pytest(project: Project, place: str) -> None:
    """A test module whose assertions pytest rewrites; what it asserts are the checks."""
    checks = "assert mix(2) == 15851\nassert mix(-3) == 80985\n"
    body = textwrap.indent(checks, "    ")
    statement = "from myapp.gen.text import mix\n"
    text = {
        "top": f"{statement}\n\ndef test_mix():\n{body}",
        "inside": f"def test_mix():\n    {statement}{body}",
    }
    project.write("test_it.py", text[place])
    done = project.run("-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed" in done.out, done.said
    assert _written_once(project)


def test_under_a_tracing_debugger(project: Project) -> None:
    """`python -m pdb`, stepping over the import."""
    project.write("program.py", USES_MIX)
    done = project.run("-m", "pdb", "-c", "next", "-c", "continue", "-c", "quit", "program.py")
    assert "ok 61583" in done.out, done.said
    assert _written_once(project)


def test_inside_a_running_event_loop(project: Project) -> None:
    """An import within a coroutine; the loop goes on afterwards."""
    done = project.script(
        "import asyncio\n\nasync def main():\n    from myapp.gen.text import mix\n    assert mix(2) == 15851\n"
        "    assert mix(-3) == 80985\n    await asyncio.sleep(0)\n    print('ok', mix(21))\n\nasyncio.run(main())\n"
    )
    assert done.out == "ok 61583\n", done.err
    assert _written_once(project)


def test_generating_ahead_does_not_hold_up_the_loop(project: Project) -> None:
    """`agenerate_module` beside a task that ticks; the import that follows asks nobody."""
    project.write("myapp/gen/__init__.py", ANCHOR.replace(")", ", accept_unverified=True)"))
    project.write(
        "program.py",
        """
        import asyncio, time
        import myapp.gen
        import genloom

        async def main():
            longest, last, done = 0.0, time.monotonic(), False
            async def tick():
                nonlocal longest, last
                while not done:
                    await asyncio.sleep(0.005)
                    longest, last = max(longest, time.monotonic() - last), time.monotonic()
            beside = asyncio.create_task(tick())
            await genloom.agenerate_module("myapp.gen.text", ["mix"])
            done = True
            await beside
            print("held", longest < 5)

        asyncio.run(main())
        from myapp.gen.text import mix
        print("ok", mix(21))
        """,
    )
    done = project.run("program.py")
    assert done.out.endswith("ok 61583\n"), done.err
    assert project.pinned == {"text.py"}
    assert project.model.calls in (1, 2)


def test_threads_share_one_generation(project: Project) -> None:
    """Eight threads that import the same names at once."""
    done = project.script(
        """
        import threading
        found, ready = [], threading.Barrier(8)

        def work():
            ready.wait()
            from myapp.gen.text import mix
            assert mix(2) == 15851
            assert mix(-3) == 80985
            found.append(mix)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(90)
        assert len(found) == 8 and len(set(found)) == 1, found
        print("ok")
        """
    )
    assert done.out == "ok\n", done.err
    assert _written_once(project)


def test_a_module_is_imported_while_another_one_is_being_written(project: Project) -> None:
    """The answer for one module comes only when the other one, asked for later, has been imported."""
    asked, imported = project.folder / "asked", project.folder / "imported"

    def say(request: RecordedRequest) -> str:
        if b"It must define `lag`" not in request.body:
            return tell(MIX)
        asked.touch()
        _wait_for(imported)
        return tell(MIX.replace("mix", "lag"))

    project.model.source = say
    checks = "assert {0}(2) == 15851\nassert {0}(-3) == 80985\n"
    project.write("myapp/first.py", "from myapp.gen.one import lag\n" + checks.format("lag"))
    project.write("myapp/second.py", "from myapp.gen.two import mix\n" + checks.format("mix"))
    done = project.script(
        """
        import threading, time
        from importlib import import_module
        from pathlib import Path
        import myapp.gen  # Python lets no thread wait for a package that another one is importing

        first = threading.Thread(target=import_module, args=["myapp.first"])
        first.start()
        while first.is_alive() and not Path("asked").exists(): time.sleep(0.01)
        from myapp.second import mix
        Path("imported").touch()
        first.join()
        from myapp.first import lag
        print(mix(1), lag(1))
        """
    )
    assert done.out == "7932 7932\n", done.said
    assert project.model.calls == 2


def test_a_spawn_pool_shares_one_generation(project: Project) -> None:
    """Four workers that start afresh and import at once."""
    project.write(
        "myapp/work.py",
        "def work(x):\n    from myapp.gen.text import mix\n    assert mix(2) == 15851\n"
        "    assert mix(-3) == 80985\n    return mix(x)\n",
    )
    done = project.script(
        "import multiprocessing\nfrom myapp.work import work\n\nif __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(4) as pool:\n"
        "        print(pool.map(work, range(8), chunksize=1))\n"
    )
    assert done.out == "[13, 7932, 15851, 23770, 31689, 39608, 47527, 55446]\n", done.err
    assert _written_once(project)


def test_processes_share_one_generation(project: Project) -> None:
    """Four programs that start at the same time."""
    project.write("program.py", USES_MIX)
    running = [project.start("program.py") for _ in range(4)]
    ended = [process.communicate(timeout=120) for process in running]
    assert [out for out, _ in ended] == ["ok 61583\n"] * 4, ended
    assert _written_once(project)


@pytest.mark.parametrize("loop", [False, True])
def test_ctrl_c_stops_an_import(project: Project, loop: bool) -> None:
    """While the model is silent: `KeyboardInterrupt`, nothing pinned, and the next import is right."""
    project.model.set_faults([Fault(hang=True)])
    inside = "async def main():\n    from myapp.gen.text import mix\n\nimport asyncio\nasyncio.run(main())\n"
    program = inside if loop else "from myapp.gen.text import mix\n"
    project.write("program.py", f"{program}\nassert mix(2) == 15851\nassert mix(-3) == 80985\n")
    process = project.start("program.py")
    deadline = time.monotonic() + 60
    while not project.model.calls and time.monotonic() < deadline:
        time.sleep(0.05)
    assert project.model.calls == 1
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err, (out, err)
    assert project.pinned == set()
    project.model.set_faults([])
    done = project.script(USES_MIX)
    assert done.out == "ok 61583\n", done.err
