"""Five sleeps as the origin ran them: SQLAlchemy sessions of a pool on a ThreadPoolExecutor."""
import os
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import sessionmaker

query = {k: v for k, v in (("host", os.environ["PGHOST"]), ("sslmode", os.environ["PGSSLMODE"]),
                           ("sslrootcert", os.environ.get("PGSSLROOTCERT"))) if v}
url = URL.create("postgresql+psycopg2", username=os.environ["PGUSER"], port=int(os.environ["PGPORT"]),
                 database=os.environ["PGDATABASE"], query=query)
engine = create_engine(url, pool_size=5, max_overflow=0)
Session = sessionmaker(bind=engine)


def sleep(seconds):
    with Session() as session:
        session.execute(text("select pg_sleep(:s)"), {"s": seconds}).fetchall()


with ThreadPoolExecutor(max_workers=5) as pool:
    list(pool.map(sleep, [2, 1, 3, 1, 2]))
