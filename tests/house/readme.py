#!/usr/bin/env python3
"""readme.py --write PROGRAM: writes the README's sections on options and tables again, as the program prints them."""
import subprocess
import sys


def main():
    with open("README.md") as f:
        text = f.read()
    for topic in ("options", "store"):
        made = subprocess.run([sys.argv[2], "help", topic], capture_output=True, text=True, check=True).stdout
        begin, end = f"<!-- {topic}: made by `make readme` -->\n", f"<!-- end of {topic} -->\n"
        first, last = text.index(begin) + len(begin), text.index(end)
        text = text[:first] + "\n" + made.strip() + "\n\n" + text[last:]
    with open("README.md", "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
