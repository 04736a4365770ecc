// The customers of `cartwright generate` by faker-js: the same columns, as CSV, to standard output.
// Usage: node customers.js ROWS
import { writeSync } from 'node:fs';
import { faker } from '@faker-js/faker/locale/en';

const ROWS_PER_WRITE = 1000;
const HEAD =
  'id,created_at,email,given_name,family_name,birth_date,phone,street,city,region,postal_code,country\n';

function makeRow() {
  const given = faker.person.firstName();
  const family = faker.person.lastName();
  const created = faker.date.between({ from: '2022-01-01', to: '2026-01-01' });
  const born = faker.date.birthdate({ mode: 'age', min: 16, max: 95 });
  return [
    faker.string.uuid(),
    created.toISOString(),
    faker.internet.email({ firstName: given, lastName: family }),
    given,
    family,
    born.toISOString().slice(0, 10),
    faker.phone.number(),
    faker.location.streetAddress(),
    faker.location.city(),
    faker.location.state({ abbreviated: true }),
    faker.location.zipCode(),
    faker.location.countryCode(),
  ].join(',');
}

faker.seed(42);
const rows = Number(process.argv[2] ?? 1000);
let lines = [HEAD.trimEnd()];
for (let i = 0; i < rows; i++) {
  lines.push(makeRow());
  if (lines.length >= ROWS_PER_WRITE || i + 1 === rows) {
    writeSync(1, lines.join('\n') + '\n');
    lines = [];
  }
}
