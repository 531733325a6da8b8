"""Five sleeps on five asyncpg connections of one event loop."""
import asyncio
import os
import ssl

import asyncpg


async def sleep(seconds):
    tls = False
    if os.environ["PGSSLMODE"] == "verify-full":
        tls = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
    connection = await asyncpg.connect(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]),
                                       user=os.environ["PGUSER"], database=os.environ["PGDATABASE"], ssl=tls)
    await connection.fetch("select pg_sleep($1)", seconds)
    await connection.close()


async def main():
    await asyncio.gather(*(sleep(s) for s in (2, 1, 3, 1, 2)))


asyncio.run(main())
