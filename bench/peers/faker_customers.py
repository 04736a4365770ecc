"""The customers of `cartwright generate` by Faker: the same columns, as CSV, to standard output.

Usage: faker_customers.py ROWS
"""
import csv
import datetime
import sys

import faker

HEAD = ["id", "created_at", "email", "given_name", "family_name", "birth_date", "phone", "street", "city", "region",
        "postal_code", "country"]
FIRST = datetime.datetime(2022, 1, 1)
LAST = datetime.datetime(2026, 1, 1)


def main():
    fake = faker.Faker("en_US", use_weighting=False)
    fake.seed_instance(42)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEAD)
    for _ in range(int(sys.argv[1])):
        out.writerow((fake.uuid4(), fake.date_time_between_dates(FIRST, LAST).isoformat(), fake.email(),
                      fake.first_name(), fake.last_name(), fake.date_of_birth(minimum_age=16, maximum_age=95),
                      fake.phone_number(), fake.street_address(), fake.city(), fake.state_abbr(), fake.zipcode(),
                      fake.country_code()))


main()
