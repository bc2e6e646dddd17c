-- Catalog search by prefixes and without accents, and a quick answer to who else meets in a room or with a teacher.
-- `search` holds everything that it held before, so version 0.1 searches and writes on this schema too.

-- Text as it is compared: no case, no accents. The bodies below are parsed now, so that no search_path changes them later.
create function search_fold(given text) returns text
  language sql immutable strict parallel safe
  return replace(replace(replace(translate(
    lower(regexp_replace(normalize(given, nfkd), '[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]', '', 'g')),
    'øłđðıħŧ', 'olddiht'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');

-- The words of a text: their stems with and without accents, and the words themselves, which prefixes are looked up in.
create function search_words(given text) returns tsvector
  language sql immutable strict parallel safe
  return to_tsvector('english'::regconfig, given)
    || to_tsvector('english'::regconfig, search_fold(given))
    || to_tsvector('simple'::regconfig, search_fold(given));

-- What somebody typed, as a query: every word, as the beginning of a word or as another form of it. Words such as "the" count
-- only when there is no other. Split by the parser of search_words, so no character is an operator. Null without any word.
create function search_query(given text) returns tsquery
  language sql immutable strict parallel safe
  return (
    with words as (
      select
        '''' || replace(replace(word, '\', '\\'), '''', '''''') || '''' as quoted,
        ts_lexize('english_stem'::regdictionary, word) as stems
      from unnest(tsvector_to_array(to_tsvector('simple'::regconfig, search_fold(given)))) as word
    )
    select string_agg(
      '(' || quoted || ':*' || coalesce(
        (select string_agg(' | ''' || replace(replace(stem, '\', '\\'), '''', '''''') || '''', '') from unnest(stems) as stem),
        ''
      ) || ')',
      ' & '
    )::tsquery
    from words
    where stems is distinct from '{}'
      or not exists (select from words as other where other.stems is distinct from '{}')
  );

alter table classes
  drop column search,
  add column search tsvector generated always as (
    setweight(search_words(title), 'A')
    || setweight(search_words(subject || ' ' || teacher), 'B')
    || setweight(search_words(description), 'C')
  ) stored;
create index classes_search on classes using gin (search);

-- A room or a teacher as it is compared: "Room 1" and "room1" are one room.
create function booking_key(given text) returns text
  language sql immutable strict parallel safe
  return regexp_replace(search_fold(given), '\s', '', 'g');

create index classes_rooms on classes (booking_key(room), weekday) where status = 'open';
create index classes_teachers on classes (booking_key(teacher), weekday) where status = 'open';
