import { z } from 'zod';
import { nearest } from './nearest.ts';

/**
 * IANA names that `Intl.supportedValuesOf` leaves out, because ICU lists one name of each zone and often an older one:
 * it has Asia/Calcutta and Europe/Kiev. The names of area and location of the tz database 2025b; abbreviations such as CST
 * are left out on purpose: they mean different zones in different places.
 */
const otherNames = `
  Africa/Asmara Africa/Timbuktu America/Argentina/Buenos_Aires America/Argentina/Catamarca
  America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/Mendoza
  America/Atikokan America/Atka America/Ensenada America/Fort_Wayne America/Indiana/Indianapolis
  America/Kentucky/Louisville America/Knox_IN America/Montreal America/Nipigon America/Nuuk America/Pangnirtung
  America/Porto_Acre America/Rainy_River America/Rosario America/Santa_Isabel America/Shiprock America/Thunder_Bay
  America/Virgin America/Yellowknife Antarctica/South_Pole Asia/Ashkhabad Asia/Choibalsan Asia/Chongqing
  Asia/Chungking Asia/Dacca Asia/Harbin Asia/Ho_Chi_Minh Asia/Istanbul Asia/Kashgar Asia/Kathmandu Asia/Kolkata
  Asia/Macao Asia/Tel_Aviv Asia/Thimbu Asia/Ujung_Pandang Asia/Ulan_Bator Asia/Yangon Atlantic/Faroe
  Atlantic/Jan_Mayen Australia/ACT Australia/Canberra Australia/Currie Australia/LHI Australia/NSW Australia/North
  Australia/Queensland Australia/South Australia/Tasmania Australia/Victoria Australia/West Australia/Yancowinna
  Brazil/Acre Brazil/DeNoronha Brazil/East Brazil/West Canada/Atlantic Canada/Central Canada/Eastern Canada/Mountain
  Canada/Newfoundland Canada/Pacific Canada/Saskatchewan Canada/Yukon Chile/Continental Chile/EasterIsland Etc/GMT
  Etc/GMT+0 Etc/GMT+1 Etc/GMT+10 Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7
  Etc/GMT+8 Etc/GMT+9 Etc/GMT-0 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 Etc/GMT-14 Etc/GMT-2 Etc/GMT-3
  Etc/GMT-4 Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 Etc/GMT-9 Etc/GMT0 Etc/Greenwich Etc/UCT Etc/UTC Etc/Universal
  Etc/Zulu Europe/Belfast Europe/Kyiv Europe/Nicosia Europe/Tiraspol Europe/Uzhgorod Europe/Zaporozhye
  Mexico/BajaNorte Mexico/BajaSur Mexico/General Pacific/Chuuk Pacific/Johnston Pacific/Kanton Pacific/Pohnpei
  Pacific/Samoa Pacific/Yap US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii
  US/Indiana-Starke US/Michigan US/Mountain US/Pacific US/Samoa`;

const names: ReadonlySet<string> = new Set([
  'UTC',
  ...Intl.supportedValuesOf('timeZone').filter((name) => name.includes('/')),
  ...otherNames.trim().split(/\s+/),
]);
const byLowerCase: ReadonlyMap<string, string> = new Map([...names].map((name) => [name.toLowerCase(), name]));

/**
 * Whether a text is an IANA time zone name in its canonical case, such as `America/Chicago` or `UTC`. Offsets (`+05:30`) and
 * abbreviations (`CST`) are not, although `Intl` takes them.
 */
export const isTimeZone = (name: string): boolean => names.has(name);

/** What abbreviations are short for: the zones with the most people first. */
const abbreviated: ReadonlyMap<string, readonly string[]> = new Map(
  `ACST,ACDT Australia/Adelaide; AEST,AEDT Australia/Sydney Australia/Brisbane; AKST,AKDT America/Anchorage
   ART America/Argentina/Buenos_Aires; AST,ADT America/Halifax America/Puerto_Rico; AWST Australia/Perth
   BRT America/Sao_Paulo; BST Europe/London; CAT Africa/Maputo; CET,CEST,MEZ Europe/Paris Europe/Berlin Europe/Rome
   CST,CDT,CT America/Chicago America/Mexico_City Asia/Shanghai; EAT Africa/Nairobi
   EET,EEST Europe/Athens Europe/Helsinki; EST,EDT,ET America/New_York America/Toronto; GMT Europe/London Africa/Accra
   GST Asia/Dubai; HKT Asia/Hong_Kong; HST Pacific/Honolulu; ICT Asia/Bangkok; IST Asia/Kolkata Europe/Dublin Asia/Jerusalem
   JST Asia/Tokyo; KST Asia/Seoul; MSK Europe/Moscow; MST,MDT,MT America/Denver America/Phoenix
   NST,NDT America/St_Johns; NZST,NZDT Pacific/Auckland; PHT Asia/Manila; PKT Asia/Karachi
   PST,PDT,PT America/Los_Angeles America/Tijuana; SAST Africa/Johannesburg; SGT Asia/Singapore; WAT Africa/Lagos
   WET,WEST Europe/Lisbon; WIB Asia/Jakarta; Z UTC`
    .split(/[;\n]/)
    .flatMap((line) => {
      const [short = '', ...zones] = line.trim().split(' ');
      return short.split(',').map((abbreviation) => [abbreviation, zones] as const);
    }),
);

/** The offset of a zone in January and in July, `+02:00`. */
function offsetsOf(name: string): string[] {
  const format = new Intl.DateTimeFormat('en', { timeZone: name, timeZoneName: 'longOffset' });
  return [0, 6].map((month) => {
    const parts = format.formatToParts(new Date(Date.UTC(2026, month, 1)));
    return parts.find(({ type }) => type === 'timeZoneName')?.value.slice('GMT'.length) || '+00:00';
  });
}

function withOffset([, sign = '', hours = '', minutes = '00']: RegExpExecArray): string[] {
  const offset = `${sign}${hours.padStart(2, '0')}:${minutes}`;
  return [...new Set([...abbreviated.values()].flat())].filter((name) => offsetsOf(name).includes(offset));
}

const offset = /^(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?$/i;
const place = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

/** The names that a text may mean, the likeliest first: of an abbreviation, an offset, a place, or a misspelled name. */
function meantBy(given: string): string[] {
  const asOffset = offset.exec(given);
  if (asOffset !== null) return withOffset(asOffset);
  // EST5EDT, SystemV/PST8
  const letters = /^(?:SystemV\/)?([A-Z]{1,4})(?:\d[A-Z0-9]*)?$/i.exec(given)?.[1]?.toUpperCase() ?? '';
  return [...(abbreviated.get(letters) ?? nearest(given, names, (name) => [name, place(name)]))];
}

/** What is wrong with a text that `isTimeZone` refuses, and what to write instead. */
function unknownTimeZone(name: string): string {
  const given = name.trim();
  const exact = byLowerCase.get(given.toLowerCase());
  const [likeliest = 'America/Chicago', ...more] = given.length > 64 ? [] : meantBy(given);
  const advice = exact ?? `an IANA name such as ${[likeliest, ...more.slice(0, 2)].join(', ')}`;
  return `Unknown time zone "${Array.from(name).slice(0, 40).join('')}". Use ${advice}.`;
}

/** An IANA time zone name: `timeZone.default('UTC')` in a configuration, `timeZone` in a request. */
export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: ({ input }) => unknownTimeZone(String(input)) })
  .meta({ description: 'IANA time zone name, America/Chicago', examples: ['America/Chicago'] });
