"""Fetch the browser's libraries into static/vendor and tests/vendor; check them against their LOCK files.

The files are checked in, so that a demo needs neither Node nor a network. Run this only to change a version:
    python stack/vendor.py          fetch with npm (scripts never run), copy, write both LOCK files
    python stack/vendor.py --check  compare the files with the LOCK files
    python stack/vendor.py --icons  only rebuild the sprite (needs the package: fetches it)
The sprite holds exactly the icons named in static/vendor/icons.txt. Fetching all of it needs fonttools beside npm, for the font of printed boards.
"""

import hashlib
import io
import lzma
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STATIC = ROOT / "static" / "vendor"
TESTS = ROOT / "tests" / "vendor"

FONT = "@expo-google-fonts/noto-sans-sc"
# package, version, {file inside the package: target}
PACKAGES = [
    ("htmx.org", "4.0.1", {"dist/htmx.min.js": STATIC / "htmx.min.js", "LICENSE": STATIC / "licenses/htmx.txt"}),
    # its package holds no licence file: MIT, the same text and authors as its icons
    ("@tabler/core", "1.6.1", {"dist/css/tabler.min.css": STATIC / "tabler.min.css"}),
    ("@tabler/icons", "3.51.0", {"LICENSE": STATIC / "licenses/tabler.txt"}),
    (
        "@fontsource-variable/inter",
        "5.3.0",
        {"files/inter-latin-wght-normal.woff2": STATIC / "inter.woff2", "LICENSE": STATIC / "licenses/inter.txt"},
    ),
    (
        "gridstack",
        "14.1.0",
        {
            "dist/gridstack-all.js": STATIC / "gridstack-all.js",
            "dist/gridstack.min.css": STATIC / "gridstack.min.css",
            "LICENSE": STATIC / "licenses/gridstack.txt",
        },
    ),
    # "common": bars, lines, tooltips, the description for readers and patterns; half of the whole
    (
        "echarts",
        "6.1.0",
        {
            "dist/echarts.common.min.js": STATIC / "echarts.common.min.js",
            "LICENSE": STATIC / "licenses/echarts.txt",
            "NOTICE": STATIC / "licenses/echarts-notice.txt",
        },
    ),
    # what printed boards are set in: its regular weight, without the characters that no page of ours writes
    (FONT, "0.4.3", {"LICENSE_FONT": STATIC / "licenses/noto-sans-sc.txt"}),
    ("axe-core", "4.14.1", {"axe.min.js": TESTS / "axe.min.js", "LICENSE": TESTS / "licenses/axe-core.txt"}),
]
# The maps are not vendored; a dangling link would make browsers ask for them.
SOURCE_MAP = re.compile(rb"\n?/[/*][#@] ?sourceMappingURL=[^\n]*")


def fetch(folder: pathlib.Path, name: str, version: str) -> tarfile.TarFile:
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    file = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.split()[-1]
    return tarfile.open(folder / file)


def read(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(f"package/{path}")
    if member is None:
        raise FileNotFoundError(path)
    return member.read()


def symbol(name: str, source: str) -> str:
    """One <symbol>; colours come from the place of use."""
    source = re.sub(r"<!--.*?-->", "", source, flags=re.S)
    filled = 'fill="currentColor"' in source[:300]
    inner = source[source.index(">", source.index("<svg")) + 1 : source.rindex("</svg>")]
    inner = re.sub(r"\s+", " ", inner).strip()
    line = 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
    paint = 'fill="currentColor"' if filled else line
    return f'<symbol id="{name}" viewBox="0 0 24 24"><g {paint}>{inner}</g></symbol>'


def build_sprite(archive: tarfile.TarFile) -> None:
    names = sorted({line.strip() for line in (STATIC / "icons.txt").read_text().splitlines() if line.strip()})
    symbols = []
    for name in names:
        folder, file = ("filled", name.removesuffix("-filled")) if name.endswith("-filled") else ("outline", name)
        symbols.append(symbol(name, read(archive, f"icons/{folder}/{file}.svg").decode()))
    (STATIC / "icons.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{chr(10).join(symbols)}\n</svg>\n')


# Beside GB 2312, Latin and our own words: characters of given names that are common and younger than that standard.
NAMES = "喆昇堃珺玥琟赟祎昕晗煊垚淼骉犇镕甯頔翀囍"
SIGNS = "−–—‘’“”…·¥€£×±≤≥→←↑↓▲▼■□●○•‰㎡"


def letters() -> list[int]:
    found = {*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, NAMES + SIGNS)}
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            found |= set(map(ord, bytes([high, low]).decode("gb2312", errors="ignore")))
    for catalog in ROOT.glob("**/LC_MESSAGES/*.po"):
        if ".venv" not in catalog.parts:
            found |= set(map(ord, catalog.read_text()))
    return sorted(letter for letter in found if letter >= 0x20)


def build_font(archive: tarfile.TarFile) -> None:
    """Needs fonttools, which nothing else here does."""
    from fontTools import subset, ttLib

    font = ttLib.TTFont(io.BytesIO(read(archive, "400Regular/NotoSansSC_400Regular.ttf")))
    dropped = ["GSUB", "GPOS", "GDEF", "vhea", "vmtx", "VORG", "BASE", "STAT", "DSIG"]
    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=[0, 1, 2, 4, 5, 6, 13, 14])
    options.drop_tables += dropped
    cut = subset.Subsetter(options)
    cut.populate(unicodes=letters())
    cut.subset(font)
    out = io.BytesIO()
    font.save(out)
    (STATIC / "noto-sans-sc.ttf.xz").write_bytes(lzma.compress(out.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def lock_lines(folder: pathlib.Path) -> list[str]:
    lines = []
    for name, version, files in PACKAGES:
        targets = sorted(target for target in files.values() if folder in target.parents)
        if name == "@tabler/icons" and folder == STATIC:
            targets.append(STATIC / "icons.svg")
        if name == FONT and folder == STATIC:
            targets.append(STATIC / "noto-sans-sc.ttf.xz")
        lines += [f"{name} {version} {target.relative_to(folder)} {digest(target)}" for target in targets]
    return lines


def update(only_icons: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        for name, version, files in PACKAGES:
            if only_icons and name != "@tabler/icons":
                continue
            with fetch(pathlib.Path(temporary), name, version) as archive:
                for path, target in files.items():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(SOURCE_MAP.sub(b"", read(archive, path)))
                if name == "@tabler/icons":
                    build_sprite(archive)
                if name == FONT:
                    build_font(archive)
    for folder in (STATIC, TESTS):
        (folder / "LOCK").write_text("\n".join(lock_lines(folder)) + "\n")


def check() -> int:
    """1 when a vendored file differs from its LOCK."""
    wrong = 0
    for folder in (STATIC, TESTS):
        if (folder / "LOCK").read_text().splitlines() != lock_lines(folder):
            print(f"{folder.relative_to(ROOT)}/LOCK does not match the files: run python stack/vendor.py")
            wrong = 1
    return wrong


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(check())
    update("--icons" in sys.argv)
