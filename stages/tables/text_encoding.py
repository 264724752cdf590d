"""From bytes to UTF-8 text: compression, encoding and line ends, found and reported."""

from __future__ import annotations

import codecs
import gzip
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scoring.errors import UserError
from stages.tables.validation import DataWarning

CHUNK = 1 << 20  # bytes
LONGEST_LINE = 4 << 20  # bytes; also keeps a row within what is parsed at a time
MARKED = " with a mark"  # UTF-8
LINE_END = re.compile("\r\n|\r|\n")
LINE_ENDS = {"LF": "Unix", "CRLF": "Windows", "CR": "old Macintosh", "mixed": "mixed"}
EXPECTED = "expected a CSV, Parquet or Excel file"
FOREIGN = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"SQLite format 3\0": "a SQLite database; give its address, sqlite:///path#table",
}
MARKUP = re.compile(rb"\s*(<(!doctype|\?xml|html|table)|\[?\s*\{\s*[\"}])", re.I)


@dataclass(frozen=True)
class Text:
    """A file of UTF-8 text (a byte-order mark may lead it), and what it was before."""

    path: Path
    form: dict[str, str]
    warnings: tuple[DataWarning, ...]

    def head(self, size: int) -> str:
        """The first `size` bytes as text; a character cut at the end is left out."""
        with self.path.open("rb") as file:
            decoder = codecs.getincrementaldecoder("utf-8-sig")()
            return decoder.decode(file.read(size))


@contextmanager
def as_utf8(path: Path, *, origin: str, encoding: str | None = None) -> Iterator[Text]:
    """The text in a file, as long as the context lasts.

    `encoding` is what it is in unless its bytes are those of UTF-8, or begin with the mark of
    UTF-16; a name that Python knows. `UserError` where it is empty, binary, not of that encoding,
    holds NUL bytes or a line of more than 4 MiB.
    """
    with tempfile.TemporaryDirectory() as scratch:
        plain, compression = _decompressed(path, Path(scratch) / "plain", origin)
        named, found = encoding, _encoding(plain)
        encoding = found if named is None or _is_certain(plain, found) else named
        if encoding != found or encoding in CODECS:
            plain = _transcoded(plain, Path(scratch) / "utf8", encoding, origin)
        _check_is_no_markup(plain, origin)
        _check_lines(plain, origin)
        line_ends = _line_ends(plain)
        form = {"compression": compression, "encoding": encoding, "line_ends": line_ends}
        yield Text(plain, form, tuple(_warnings(encoding, named, line_ends)))


def _warnings(encoding: str, named: str | None, line_ends: str) -> Iterator[DataWarning]:
    if named is not None:
        if codecs.lookup(encoding.removesuffix(MARKED)) != codecs.lookup(named):
            yield DataWarning(None, f"encoded in {encoding}, not in {named}", "read accordingly")
    elif not encoding.startswith("UTF-8"):
        action = "read accordingly"
        if encoding != "UTF-16":  # nothing in the file tells the encodings of one byte apart
            action += "; if letters look wrong, say which it is: ENCODING=windows-1250 (--encoding)"
        yield DataWarning(None, f"encoded in {encoding}", action)
    if line_ends != "LF":
        yield DataWarning(None, f"{LINE_ENDS[line_ends]} line ends", "read accordingly")


def _decompressed(path: Path, copy: Path, origin: str) -> tuple[Path, str]:
    with path.open("rb") as file:
        start = file.read(16)
    for magic, kind in FOREIGN.items():
        if start.startswith(magic):
            raise UserError(f"{origin}: this is {kind}; {EXPECTED}")
    try:
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as packed, copy.open("wb") as file:
                shutil.copyfileobj(packed, file)
            return copy, "gzip"
        if start.startswith(b"PK\x03\x04"):
            return _unzipped(path, copy, origin), "zip"
    # zipfile says RuntimeError where a password is needed or the packing is unknown
    except (OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        raise UserError(
            f"{origin}: cannot be unpacked: {str(error) or 'cut off'}; {EXPECTED}"
        ) from None
    return path, "none"


def _unzipped(path: Path, copy: Path, origin: str) -> Path:
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
        if len(names) != 1:
            raise UserError(f"{origin}: holds {len(names)} files; expected one CSV in the archive")
        with archive.open(names[0]) as packed, copy.open("wb") as file:
            shutil.copyfileobj(packed, file)
    return copy


def _encoding(path: Path) -> str:
    """UTF-16 by its mark, UTF-8 where every byte agrees, else Windows-1252 or Latin-1."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    if _decodes(path, "utf-8"):
        return f"UTF-8{MARKED}" if start.startswith(codecs.BOM_UTF8) else "UTF-8"
    return "Windows-1252" if _decodes(path, "cp1252") else "Latin-1"


CODECS = {"UTF-16": "utf-16", "Windows-1252": "cp1252", "Latin-1": "latin-1"}


def _is_certain(path: Path, found: str) -> bool:
    """Whether the bytes leave no doubt: by a mark, or as UTF-8 with letters beyond ASCII.

    What is ASCII alone may be UTF-16 without its mark, or ISO-2022-JP.
    """
    return found == "UTF-16" or (found.startswith("UTF-8") and not _decodes(path, "ascii"))


def _decodes(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _transcoded(path: Path, copy: Path, encoding: str, origin: str) -> Path:
    codec, read = CODECS.get(encoding, encoding), 0
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        with path.open("rb") as source, copy.open("w", encoding="utf-8", newline="") as file:
            while chunk := source.read(CHUNK):
                read += len(chunk)
                file.write(decoder.decode(chunk))
            file.write(decoder.decode(b"", final=True))
    except UnicodeError as error:
        place = ""
        if isinstance(error, UnicodeDecodeError):  # `object` is what was left and the last chunk
            place = _place(path, read - len(error.object) + error.start, codec)
        raise UserError(
            f"{origin}: {place}broken {encoding} text; expected {encoding} throughout"
        ) from None
    return copy


def _place(path: Path, byte: int, codec: str) -> str:
    """The row and the byte of a file, each from 1 on, that begins what its codec does not know."""
    with path.open("rb") as file:
        before = file.read(byte).decode(codec, "ignore")
    return f"row {len(LINE_END.findall(before)) + 1}, byte {byte + 1:,}: "


def _check_is_no_markup(path: Path, origin: str) -> None:
    """Refuse a web page (of an error, say) and JSON, which would pass for odd tables."""
    with path.open("rb") as file:
        start = file.read(64).removeprefix(codecs.BOM_UTF8)
    if found := MARKUP.match(start):
        kind = "a web page or XML" if found[1].startswith(b"<") else "JSON"
        raise UserError(f"{origin}: this is {kind}; {EXPECTED}")


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, never cut between the two of a CRLF."""
    carry = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            chunk = carry + chunk
            carry = b"\r" if chunk.endswith(b"\r") else b""
            yield chunk[: len(chunk) - len(carry)]
    yield carry


def _check_lines(path: Path, origin: str) -> None:
    """Refuse NUL bytes and endless lines, with their row."""
    row, length = 1, 0
    for chunk in _chunks(path):
        chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if (place := chunk.find(b"\0")) >= 0:
            row += chunk.count(b"\n", 0, place)
            raise UserError(f"{origin}: row {row}: a NUL byte: binary, or broken; {EXPECTED}")
        lines = chunk.split(b"\n")
        for more, line in enumerate(lines):
            length = len(line) + (length if more == 0 else 0)
            if length > LONGEST_LINE:
                raise UserError(
                    f"{origin}: row {row + more}: longer than {LONGEST_LINE:,} bytes; expected "
                    "the cells of one customer"
                )
        row += len(lines) - 1


def _line_ends(path: Path) -> str:
    """How lines end: LF, CRLF, CR or mixed."""
    both = line_feeds = returns = 0
    for chunk in _chunks(path):
        both += chunk.count(b"\r\n")
        line_feeds += chunk.count(b"\n")
        returns += chunk.count(b"\r")
    counts = {"CRLF": both, "LF": line_feeds - both, "CR": returns - both}
    kinds = [name for name, count in counts.items() if count]
    return "mixed" if len(kinds) > 1 else (kinds or ["LF"])[0]
