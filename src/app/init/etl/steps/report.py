"""Revenue by city and product, as CSV on standard output: report.py DATABASE"""

import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
print("city,product,orders,revenue")
for row in database.execute(
    "SELECT city, name, count(*), printf('%.2f', sum(amount)) FROM orders"
    " JOIN customer ON customer.id = orders.customer JOIN product USING (sku)"
    " GROUP BY city, name ORDER BY city, name"
):
    print(",".join(map(str, row)))
