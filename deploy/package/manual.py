"""The manual page, in mdoc, of what the program says of its own commands."""
import datetime
import re
import textwrap

BACKGROUND = """
.Sh ENVIRONMENT
Each setting of
.Cm rostrum serve
is a variable, too:
.Fl -data-dir
is
.Ev ROSTRUM_DATA_DIR .
Of these, commands that work on an installation read
.Ev ROSTRUM_DATA_DIR ,
.Ev ROSTRUM_DATABASE
and
.Ev ROSTRUM_MASTER_KEY_FILE .
.Bl -tag -width Ds
.It Ev ROSTRUM_MASTER_KEY
The master key itself, as 64 hexadecimal digits, instead of a file.
.El
.Sh FILES
.Bl -tag -width Ds
.It Pa /etc/rostrum/rostrum.yaml
The settings of the service.
.It Pa /etc/rostrum/rostrum.env
Settings that nobody else is to read, as
.Ev ROSTRUM_\\&…
variables; read by systemd, and not there at first.
.It Pa /var/lib/rostrum/rostrum.db
The data of the service.
.It Pa /var/lib/rostrum/master.key
The key that secrets among the data are stored under.
Keep a copy of it elsewhere.
.El
.Sh EXIT STATUS
0 on success; 64 when the command line or a setting is wrong; 1 when anything else is.
"""


def page(description, version, moment):
    """The text of rostrum.1.

    - description: what `rostrum --experimental-dump-help` says, as JSON.
    - moment: seconds since 1970, for the page's date.
    """
    program = description["command"]
    day = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    lines = [f".Dd {day:%B} {day.day}, {day.year}", ".Dt ROSTRUM 1", f".Os rostrum {version}", ".Sh NAME", ".Nm rostrum",
             f".Nd {plain(program['abstract']).rstrip('.')}", ".Sh SYNOPSIS"]
    commands = list(leaves(program))
    for path, _ in commands:
        lines += [".Nm", f".Cm {' '.join(path)}", ".Op Ar options"]
    lines += [".Sh DESCRIPTION", *sentences(program["abstract"]),
              "Each command prints what it takes with", ".Fl -help .", ".Sh COMMANDS"]
    for path, command in commands:
        lines += [f".Ss rostrum {' '.join(path)}", *sentences(command["abstract"])]
        for paragraph in command.get("discussion", "").split("\n\n"):
            if paragraph.strip():
                lines += [".Pp", *sentences(paragraph)]
        shown = [argument for argument in command.get("arguments", ())
                 if argument["shouldDisplay"] and argument["valueName"] not in ("help", "version")]
        if shown:
            lines += [".Bl -tag -width Ds", *(line for argument in shown for line in item(argument)), ".El"]
    return "\n".join(lines) + BACKGROUND


def leaves(command, path=()):
    """The commands that do something, each with its words after the program's name."""
    subcommands = [each for each in command.get("subcommands", ()) if each["shouldDisplay"]]
    if not subcommands:
        yield path, command
    for each in subcommands:
        if each["commandName"] != "help":
            yield from leaves(each, (*path, each["commandName"]))


def item(argument):
    value = plain(argument["valueName"])
    if argument["kind"] == "positional":
        head = f".It Ar {value}"
    else:
        names = [f"Fl {'-' if name['kind'] == 'long' else ''}{plain(name['name'])}" for name in argument["names"]]
        head = ".It " + " , ".join(names) + (f" Ar {value}" if argument["kind"] == "option" else "")
    text = sentences(argument.get("abstract", ""))
    if default := argument.get("defaultValue"):
        text += sentences(f"The default is {default}.")
    if allowed := argument.get("allValues"):
        text += sentences(f"One of {', '.join(allowed)}.")
    return [head + (" ..." if argument["isRepeating"] else ""), *text]


def sentences(text):
    """Text as mdoc wants it: each sentence begins a line, and none is too long."""
    text = " ".join(plain(text).split())
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text) if text else []
    wrapped = [line for part in parts for line in textwrap.wrap(part, 78, break_long_words=False,
                                                                break_on_hyphens=False)]
    # A line that begins so would be a request.
    return [f"\\&{line}" if line[0] in ".'" else line for line in wrapped]


def plain(text):
    return text.replace("\\", "\\e").replace("`", "").replace("--", "\\-\\-")
