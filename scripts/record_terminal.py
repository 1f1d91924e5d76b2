"""Records a real session of `swiftlet` in a terminal and draws it as one animated SVG file.

    scripts/quickstart
    python3 scripts/record_terminal.py --output docs/images/terminal.svg

The commands of SCENES run in a terminal of their own, and what they print becomes the picture: it
follows the light or dark setting of the system and needs no script. A scene is shown faster or
slower than it ran by its factor, and no pause in it is longer than a second. Where animation is
switched off, the last screen is shown.

Needs a release build, the files that scripts/quickstart leaves, and a terminal in Python:
python3 -m pip install pyte
"""

from __future__ import annotations

import argparse
import codecs
import fcntl
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path

try:
    import pyte
except ImportError:
    sys.exit("pyte is missing: install it with `python3 -m pip install pyte`.")

COLUMNS, ROWS = 88, 20
CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.4, 18, 16
LONGEST_PAUSE = 1.0


@dataclass
class Scene:
    """A command, and how it is shown."""

    lines: list[str]  # as it is typed; all but the last end in a backslash
    factor: float  # how many times as fast as it ran
    frame: float  # the shortest time between two frames, in seconds of the picture
    pause: float  # how long its end stays, in seconds


SCENES = [
    Scene(
        [
            "swiftlet train --init layers=2,heads=4,channels=128,context=256 \\",
            "    --text stories.txt --tokenizer tokenizer.bin --learning-rate 3e-3 \\",
            "    --warmup-steps 100 --steps 2000 --val-every 500 --output my-model",
        ],
        factor=20,
        frame=1.2,
        pause=2,
    ),
    Scene(
        [
            'swiftlet sample --model my-model --prompt "One rainy day," \\',
            "    --temperature 0.6 --max-tokens 80 --seed 3",
        ],
        factor=0.004,
        frame=0.2,
        pause=3,
    ),
    Scene(
        ['swiftlet inspect next --model my-model --prompt "Once there was a girl named Kate."'],
        factor=1,
        frame=0.2,
        pause=4,
    ),
]

# The colors of a terminal, for a light and for a dark background.
COLORS = {
    "red": ("#b42318", "#ff7b72"),
    "green": ("#1a7f37", "#7ee787"),
    "brown": ("#9a6700", "#e3b341"),
    "blue": ("#0550ae", "#79c0ff"),
    "magenta": ("#8250df", "#d2a8ff"),
    "cyan": ("#0e7490", "#76e3ea"),
    "dim": ("#6e7781", "#8b949e"),
}


def run(command: str, folder: Path, program: Path) -> list[tuple[float, str]]:
    """Runs a command in a terminal; returns what it printed, each piece with its time."""
    primary, secondary = pty.openpty()
    size = struct.pack("HHHH", ROWS, COLUMNS, 0, 0)
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, size)
    environment = dict(os.environ, TERM="xterm-256color", LANG="C.UTF-8")
    environment["PATH"] = f"{program.parent}:{environment['PATH']}"
    start = time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        start_new_session=True,
    )
    os.close(secondary)
    decoder = codecs.getincrementaldecoder("utf-8")()
    pieces = []
    while True:
        try:
            received = os.read(primary, 65536)
        except OSError:  # Linux says so when the last program has closed its end.
            break
        if not received:
            break
        pieces.append((time.monotonic() - start, decoder.decode(received)))
    if process.wait() != 0:
        sys.exit(f"'{command}' ended with status {process.returncode}:\n{pieces[-1:]}")
    return pieces


def row_of(screen: pyte.Screen, index: int) -> tuple[tuple[int, str, str], ...]:
    """Returns a row as stretches of equal looks: the first column, the class and the text."""
    stretches: list[tuple[int, str, str]] = []
    for column in range(COLUMNS):
        cell = screen.buffer[index][column]
        colour = "dim" if cell.fg == "brightblack" else cell.fg
        look = (colour if colour in COLORS else "") + (" bold" if cell.bold else "")
        if stretches and stretches[-1][1] == look:
            first, _, text = stretches[-1]
            stretches[-1] = (first, look, text + cell.data)
        else:
            stretches.append((column, look, cell.data))
    trimmed = []
    for first, look, text in stretches:
        start = first + len(text) - len(text.lstrip())
        if text.strip():
            trimmed.append((start, look, text.strip()))
    return tuple(trimmed)


class Film:
    """What every row of the screen shows, and from when until when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shown = [((), 0.0)] * ROWS
        self.stretches: list[tuple[int, tuple, float, float]] = []

    def take(self, screen: pyte.Screen) -> None:
        """Takes a frame."""
        for index in range(ROWS):
            row = row_of(screen, index)
            old, since = self.shown[index]
            if row != old:
                self.keep(index, old, since)
                self.shown[index] = (row, self.now)

    def keep(self, index: int, row: tuple, since: float) -> None:
        """Keeps what a row showed until now."""
        if row and self.now > since:
            self.stretches.append((index, row, since, self.now))

    def end(self) -> None:
        """Keeps what is still there."""
        for index, (row, since) in enumerate(self.shown):
            self.keep(index, row, since)


def record(folder: Path, program: Path) -> Film:
    """Plays all scenes."""
    film = Film()
    for scene in SCENES:
        screen = pyte.Screen(COLUMNS, ROWS)
        stream = pyte.Stream(screen)
        stream.feed("\x1b[32m$\x1b[0m ")
        for line in scene.lines:
            for start in range(0, len(line), 12):
                film.take(screen)
                film.now += 0.12
                stream.feed(line[start : start + 12])
            stream.feed("\r\n")
        film.take(screen)
        due, last = film.now, 0.0
        for moment, text in run("\n".join(scene.lines), folder, program):
            due += min((moment - last) / scene.factor, LONGEST_PAUSE)
            last = moment
            if due - film.now >= scene.frame:
                film.take(screen)
                film.now = due
            stream.feed(text)
        film.now += scene.frame
        film.take(screen)
        film.now += scene.pause
    film.end()
    return film


def draw(film: Film) -> str:
    """Returns the film as SVG. Rows that come and go at one time share an animation."""
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * LINE_HEIGHT + 2 * MARGIN
    groups: dict[tuple[float, float], list[str]] = {}
    for index, row, since, until in film.stretches:
        y = MARGIN + LINE_HEIGHT * (index + 0.75)
        for first, look, text in row:
            name = f' class="{look.strip()}"' if look.strip() else ""
            groups.setdefault((since, until), []).append(
                f'<text x="{MARGIN + first * CELL_WIDTH:.1f}" y="{y:.0f}"{name}'
                f' textLength="{len(text) * CELL_WIDTH:.1f}">{escape(text, quote=False)}</text>'
            )
    styles, texts = [], []
    for number, ((since, until), lines) in enumerate(groups.items()):
        start, end = (f"{100 * at / film.now:.2f}%" for at in (since, until))
        last = until >= film.now
        hidden = ",".join(["0%"] * (since > 0) + [end] * (not last))
        styles.append(
            f"@keyframes k{number}{{{hidden}{{opacity:0}}{start}{{opacity:1}}}}"
            f"#g{number}{{animation-name:k{number}{'' if last else ';opacity:0'}}}"
        )
        texts.append(f'<g id="g{number}">{"".join(lines)}</g>')
    light = "".join(f".{name}{{fill:{pair[0]}}}" for name, pair in COLORS.items())
    dark = "".join(f".{name}{{fill:{pair[1]}}}" for name, pair in COLORS.items())
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}">
<title>A session of swiftlet: train a model, let it write, look inside</title>
<style>
rect{{fill:#f6f8fa;stroke:#d0d7de}}
text{{fill:#1f2328;font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}
.bold{{font-weight:bold}}
{light}
@media(prefers-color-scheme:dark){{rect{{fill:#0d1117;stroke:#30363d}}text{{fill:#e6edf3}}{dark}}}
g{{animation:{film.now:.1f}s step-end infinite}}
@media(prefers-reduced-motion:reduce){{g{{animation:none!important}}}}
{"".join(styles)}
</style>
<rect x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>
{"".join(texts)}
</svg>
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--program", type=Path, default=Path(".build/release/swiftlet"))
    parser.add_argument("--files", type=Path, default=Path("checkpoints/quickstart"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for file in ("stories.txt", "tokenizer.bin"):
            os.symlink((arguments.files / file).resolve(), Path(name) / file)
        film = record(Path(name), arguments.program.resolve())
    arguments.output.write_text(draw(film))


if __name__ == "__main__":
    main()
