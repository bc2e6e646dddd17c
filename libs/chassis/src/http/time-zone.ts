import { z } from 'zod';

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

/** What is wrong with a text that `isTimeZone` refuses, and what to write instead. */
function unknownTimeZone(name: string): string {
  const advice = byLowerCase.get(name.trim().toLowerCase()) ?? 'an IANA name such as America/Chicago';
  return `Unknown time zone "${Array.from(name).slice(0, 40).join('')}". Use ${advice}.`;
}

/** An IANA time zone name: `timeZone.default('UTC')` in a configuration, `timeZone` in a request. */
export const timeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, { error: ({ input }) => unknownTimeZone(String(input)) })
  .meta({ description: 'IANA time zone name, America/Chicago', examples: ['America/Chicago'] });
