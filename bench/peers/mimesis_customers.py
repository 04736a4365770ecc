"""The customers of `cartwright generate` by Mimesis: the same columns, as CSV, to standard output.

Usage: mimesis_customers.py ROWS
"""
import csv
import sys

import mimesis

HEAD = ["id", "created_at", "email", "given_name", "family_name", "birth_date", "phone", "street", "city", "region",
        "postal_code", "country"]


def main():
    make = mimesis.Generic(mimesis.Locale.EN, seed=42)
    person, address, times, secret = make.person, make.address, make.datetime, make.cryptographic
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEAD)
    for _ in range(int(sys.argv[1])):
        out.writerow((secret.uuid(), times.datetime(start=2022, end=2025).isoformat(), person.email(),
                      person.first_name(), person.last_name(), person.birthdate(), person.phone_number(),
                      address.address(), address.city(), address.state(abbr=True), address.zip_code(),
                      address.country_code()))


main()
