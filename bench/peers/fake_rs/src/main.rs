//! The customers of `cartwright generate` by fake-rs: the same columns, as CSV, to standard output.
//!
//! Usage: fake_rs_customers ROWS
//!
//! It is written to be fast: a small generator of random numbers, identifiers and times without a detour over
//! strings, one large buffer, no quoting (the English texts need none).
use std::io::{self, Write};

use chrono::{DateTime, Datelike, Timelike, Utc};
use fake::faker::address::en::{BuildingNumber, CityName, CountryCode, StateAbbr, StreetName, ZipCode};
use fake::faker::internet::en::FreeEmail;
use fake::faker::name::en::{FirstName, LastName};
use fake::faker::phone_number::en::PhoneNumber;
use fake::uuid::UUIDv7;
use fake::Fake;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

const BUFFER: usize = 1 << 20;
const LONGEST_ROW: usize = 4096;
const HEAD: &str =
    "id,created_at,email,given_name,family_name,birth_date,phone,street,city,region,postal_code,country\n";

fn write_row(out: &mut Vec<u8>, random: &mut SmallRng) -> io::Result<()> {
    let id: Uuid = UUIDv7.fake_with_rng(random);
    let created: DateTime<Utc> =
        DateTime::from_timestamp_micros(random.random_range(1_640_995_200_000_000..1_767_225_600_000_000))
            .expect("a time between 2022 and 2026");
    let born: DateTime<Utc> = DateTime::from_timestamp(random.random_range(-946_771_200..1_167_609_600), 0)
        .expect("a time between 1940 and 2007");
    let given: &str = FirstName().fake_with_rng(random);
    let family: &str = LastName().fake_with_rng(random);
    let email: String = FreeEmail().fake_with_rng(random);
    let phone: String = PhoneNumber().fake_with_rng(random);
    let number: String = BuildingNumber().fake_with_rng(random);
    let street: String = StreetName().fake_with_rng(random);
    let city: String = CityName().fake_with_rng(random);
    let region: &str = StateAbbr().fake_with_rng(random);
    let postal_code: String = ZipCode().fake_with_rng(random);
    let country: &str = CountryCode().fake_with_rng(random);
    let mut id_text = [0u8; 36];
    out.extend_from_slice(id.hyphenated().encode_lower(&mut id_text).as_bytes());
    write!(
        out,
        ",{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z,{email},{given},{family},{:04}-{:02}-{:02},{phone},",
        created.year(),
        created.month(),
        created.day(),
        created.hour(),
        created.minute(),
        created.second(),
        created.timestamp_subsec_micros(),
        born.year(),
        born.month(),
        born.day(),
    )?;
    for text in [&number, " ", &street, ",", &city, ",", region, ",", &postal_code, ",", country, "\n"] {
        out.extend_from_slice(text.as_bytes());
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let rows: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let mut random = SmallRng::seed_from_u64(42);
    let mut out = Vec::with_capacity(BUFFER + LONGEST_ROW);
    let mut sink = io::stdout().lock();
    out.extend_from_slice(HEAD.as_bytes());
    for _ in 0..rows {
        write_row(&mut out, &mut random)?;
        if out.len() >= BUFFER {
            sink.write_all(&out)?;
            out.clear();
        }
    }
    sink.write_all(&out)
}
