"""tests/comment_width: what it wraps, and what it leaves as it is and names."""

import subprocess

import pytest

from harness.processes import ROOT

WORD = "word " * 18  # 90 columns


def run(file, *options):
    done = subprocess.run([ROOT / "tests/comment_width", *options, file], capture_output=True, text=True)
    return done.returncode, done.stdout.replace(str(file), "file")


MENDED = [  # and what the line begins with that is new
    (f"/* {WORD}and more of it */", " * word"),
    (f"    /* {WORD}more */", "     * word"),
    (f"/* {WORD}and further\n * on. */", " * word"),
    (f"/* Short.\n *\n * {WORD}and further\n * on.\n *\n * End. */", " * word"),
    (f"/* So:\n *   - {WORD}item\n *   - short */", " *     word"),
]


def words(text):
    return text.replace(" * ", " ").split()


@pytest.mark.parametrize("before, begins", MENDED,
                         ids=["a line", "indented", "two lines", "a paragraph", "an item"])
def test_plain_text_is_wrapped(tmp_path, before, begins):
    file = tmp_path / "x.c"
    file.write_text(f"int a;\n{before}\nint b;\n")
    assert run(file)[0] == 1
    assert run(file, "--mend") == (0, "") and run(file) == (0, "")
    got = file.read_text()
    assert words(got) == words(f"int a;\n{before}\nint b;\n")
    lines = got.splitlines()
    assert max(map(len, lines)) <= 100 and not [line for line in lines if line != line.rstrip()]
    new = max(at for at, line in enumerate(lines) if line.startswith(begins))
    assert len(lines[new].strip()) >= 24 and lines[new - 1].lstrip(" /*-").startswith("word")


LEFT = [f"/* a ──▶ {WORD}*/ ", f"int a; /* {WORD}*/", f"/* one   two {WORD} */"]


@pytest.mark.parametrize("text", LEFT, ids=["drawn", "behind code", "a table"])
def test_the_rest_is_named(tmp_path, text):
    file = tmp_path / "x.c"
    file.write_text(f"\n{text.rstrip()}\n")
    assert run(file, "--mend") == (1, "file:2: a comment beyond column 100\n")
    assert file.read_text() == f"\n{text.rstrip()}\n"


def test_strings_and_what_fits_stay(tmp_path):
    file = tmp_path / "x.c"
    text = f'const char *a = "{WORD}{WORD}";\n/* {"x" * 94} */\n/* short\n * lines */\n'
    file.write_text(text)
    assert run(file, "--mend") == (0, "") and file.read_text() == text
