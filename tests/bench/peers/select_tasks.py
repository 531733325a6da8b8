"""select_tasks.py pool|threads TASKS: `select 1` through psycopg2 on four connections, one a process or one a thread."""
import multiprocessing
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2

mine = threading.local()


def connect():
    mine.connection = psycopg2.connect("")  # PG* variables
    mine.connection.autocommit = True
    mine.cursor = mine.connection.cursor()


def select(_):
    mine.cursor.execute("select 1")
    return mine.cursor.fetchall()[0][0]


def main():
    tasks = int(sys.argv[2])
    if sys.argv[1] == "pool":
        with multiprocessing.Pool(4, connect) as pool:
            answers = pool.map(select, range(tasks))
    else:
        with ThreadPoolExecutor(4, initializer=connect) as pool:
            answers = list(pool.map(select, range(tasks)))
    assert answers == [1] * tasks


main()
