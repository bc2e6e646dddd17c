-- Offers, grace periods for declined charges, and money with its currency. Version 0.1 runs on this schema too: everything
-- that it does not write may be null.

alter table enrollments drop constraint enrollments_status_check;
alter table enrollments add constraint enrollments_status_check
  check (status in ('waitlisted', 'offered', 'payment_pending', 'enrolled', 'cancelled')) not valid;
alter table enrollments validate constraint enrollments_status_check;

alter table enrollments
  -- what a place on the waitlist was promised at
  add column price_cents int check (price_cents >= 0),
  -- of amount_cents and price_cents; null in rows from version 0.1: the class's, which cannot have changed since
  add column currency text,
  add column offer_expires_at timestamptz;
create index enrollments_offers on enrollments (offer_expires_at) where status = 'offered';

alter table charges
  -- how often the provider has declined; each try after a decline is a new charge for the provider
  add column declines int not null default 0,
  -- the provider's ids of those, so that late news of one is not counted again
  add column declined_charge_ids text[] not null default '{}',
  -- until when the seat is held for a charge that was declined
  add column pay_by timestamptz,
  -- when the family heard that the payment takes longer
  add column delay_notified_at timestamptz;
create index charges_delayed on charges (created_at) where state = 'due' and delay_notified_at is null and declines = 0;
