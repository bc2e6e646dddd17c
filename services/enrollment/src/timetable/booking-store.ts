import type { Transaction } from '@homeroom/postgres';

/** The rooms and teachers of these classes become free. */
export async function deleteBookings(trx: Transaction, classIds: readonly string[]): Promise<void> {
  await trx.query({
    name: 'bookings_delete',
    text: 'delete from bookings where class_id = any($1::uuid[])',
    values: [classIds],
  });
}
