#!/usr/bin/env python3
"""readme.py --write PROGRAM: writes the README's option section again, from `PROGRAM help options`."""
import subprocess
import sys

BEGIN, END = "<!-- options: made by `make readme` -->\n", "<!-- end of options -->\n"


def main():
    made = subprocess.run([sys.argv[2], "help", "options"], capture_output=True, text=True, check=True).stdout
    with open("README.md") as f:
        text = f.read()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    with open("README.md", "w") as f:
        f.write(text[:begin] + "\n" + made.strip() + "\n\n" + text[end:])


if __name__ == "__main__":
    main()
