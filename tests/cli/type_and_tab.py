"""Types lines into an interactive shell, as a person at a terminal does.

type_and_tab.py SETUP SHELL ARGUMENT... <LINES

After the commands of SETUP each line of standard input is typed, with the tab key in place of every ^.
In place of clproc a function is called, which shows its words; these are printed.
"""
import os
import pty
import re
import select
import sys
import time

setup, command = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execvp(command[0], command)


def enter(text):
    """Types a line, and returns what is shown between marks then."""
    os.write(terminal, text.replace("^", "\t").encode() + b"\n")
    seen, end = b"", time.monotonic() + 60
    while not (found := re.search(rb"=\[(.*?)\]=", seen)) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096)
    return found[1].decode() if found else sys.exit(f"{command[0]} does not answer: {seen!r}")


enter(f"{setup}; clproc() {{ printf '%s' '=''['; printf '%s ' \"$@\"; printf '%s\\n' ']''='; }}; clproc")
for line in sys.stdin.read().splitlines():
    print(enter(line).rstrip())
os.write(terminal, b"exit\n")
os.waitpid(pid, 0)
