"""A database of all tables: load.py OUTPUT CUSTOMERS PRODUCTS ORDERS..."""

import csv
import sqlite3
import sys

target, customers, products, *orders = sys.argv[1:]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


database = sqlite3.connect(target)
database.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, city TEXT)")
database.execute("CREATE TABLE product (sku TEXT PRIMARY KEY, name TEXT)")
database.execute("CREATE TABLE orders (customer TEXT, sku TEXT, amount REAL)")
database.executemany("INSERT INTO customer VALUES (:id, :city)", rows(customers))
database.executemany("INSERT INTO product VALUES (:sku, :name)", rows(products))
for day in orders:
    database.executemany("INSERT INTO orders VALUES (:customer, :sku, :amount)", rows(day))
database.commit()
database.close()
