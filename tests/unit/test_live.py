import io

from rich.console import Console

from spec_to_production.live import LiveTable, jobs_table
from spec_to_production.progress import Sight
from spec_to_production.results import Usage


def shown(renderable):
    console = Console(file=io.StringIO(), width=80)
    console.print(renderable)
    return console.file.getvalue()


def test_the_table_shows_the_jobs_under_way():
    text = shown(
        jobs_table(
            [
                Sight("test_generation:a", "waiting"),
                Sight("test_generation:b", "with the agent", 75, Usage(prompt_tokens=41_000)),
                Sight("test_generation:c", "succeeded", 20, is_over=True),
            ]
        )
    )

    assert text.index("test_generation:b") < text.index("test_generation:a")
    assert "with the agent" in text
    assert "1 m 15 s" in text
    assert "41k tokens" in text
    assert "test_generation:c" not in text
    assert "1 of 3 jobs done" in text


def test_hundreds_of_jobs_do_not_flood_the_screen():
    text = shown(jobs_table([Sight(f"job {n}", "waiting") for n in range(500)]))

    assert len(text.splitlines()) < 24
    assert "488 more under way" in text


def test_lines_stand_above_the_table_as_they_are():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, force_interactive=True)
    live = LiveTable(console)

    live.jobs([Sight("a", "with [bold]the agent", 1)])
    live.line("what [red]happened[/red]", None)
    live.jobs([])
    live.close()

    assert "what [red]happened[/red]" in console.file.getvalue()
    assert "with [bold]the agent" in console.file.getvalue()
