/** What the co-op teaches in the spring term of 2027. `draw` is how often families wish for it; money is US dollars. */
export interface Course {
  readonly title: string;
  readonly subject: string;
  readonly teacher: string;
  readonly room: string;
  readonly hours: `${string} ${string}-${string}`;
  readonly ages: readonly [number, number];
  readonly seats: number;
  readonly price: number;
  readonly draw: number;
  /** Weeks of the term, 1 to 19; all of them unless said. */
  readonly weeks?: readonly [number, number];
  readonly description: string;
}

// prettier-ignore
export const courses: readonly Course[] = [
  { title: 'Pottery for Beginners', subject: 'art', teacher: 'Inês Duarte', room: 'Workshop', hours: 'tuesday 10:00-11:30', ages: [7, 11], seats: 10, price: 145, draw: 9, description: 'Pinch, coil and slab. Everything is fired and comes home; clay and glazes are included.' },
  { title: 'Wheel Throwing', subject: 'art', teacher: 'Inês Duarte', room: 'Workshop', hours: 'tuesday 13:00-15:00', ages: [12, 17], seats: 6, price: 210, draw: 7, description: 'Six wheels, six people. Centring takes a month; nobody is told otherwise.' },
  { title: 'Watercolor & Ink', subject: 'art', teacher: 'Akiko Tanabe', room: 'Sunroom', hours: 'monday 10:00-11:30', ages: [9, 14], seats: 12, price: 120, draw: 4, description: 'Washes, dry brush, line and wash, and a sketchbook that is filled by May.' },
  { title: 'Little Makers', subject: 'art', teacher: 'Rosa Quiñones', room: 'Red Room', hours: 'wednesday 09:30-10:30', ages: [4, 6], seats: 12, price: 75, draw: 8, description: 'Cardboard, string, paint and glue: a project every week. A grown-up may stay.' },
  { title: 'Comics and Graphic Novels', subject: 'art', teacher: 'Theo Marsh', room: 'Library', hours: 'thursday 13:00-14:30', ages: [10, 15], seats: 14, price: 95, draw: 8, description: 'From thumbnail to a stapled eight-page comic, with a swap at the end.' },
  { title: 'Weaving and Natural Dyes', subject: 'art', teacher: 'Nizhoni Begaye', room: 'Workshop', hours: 'friday 10:00-12:00', ages: [9, 16], seats: 8, price: 165, draw: 3, weeks: [1, 10], description: 'Build a frame loom, dye wool with walnut, madder and onion skin, weave a small rug.' },
  { title: 'Beginning Violin', subject: 'music', teacher: 'Dr. Hana Novotná', room: 'Chapel', hours: 'monday 09:00-09:45', ages: [6, 9], seats: 6, price: 260, draw: 5, description: 'Group lessons; rental instruments can be arranged in the first week.' },
  { title: 'Ukulele Circle', subject: 'music', teacher: 'Kai Nakamura', room: 'Sunroom', hours: 'wednesday 11:00-11:45', ages: [7, 12], seats: 14, price: 60, draw: 6, description: 'Four chords, forty songs. Bring a soprano or concert ukulele.' },
  { title: 'Homeschool Choir', subject: 'music', teacher: 'Blessing Adeyemi', room: 'Chapel', hours: 'thursday 10:00-11:00', ages: [8, 17], seats: 30, price: 0, draw: 6, description: 'No audition. Folk songs, rounds and one piece in a language nobody speaks yet; a concert in May.' },
  { title: 'Drumming: West African Rhythms', subject: 'music', teacher: 'Mamadou Diallo', room: 'Barn', hours: 'friday 13:00-14:00', ages: [8, 15], seats: 12, price: 110, draw: 5, description: 'Djembe and dundun. Drums are provided, ear plugs too.' },
  { title: 'Recorder & Reading Music', subject: 'music', teacher: 'Dr. Hana Novotná', room: 'Chapel', hours: 'monday 10:00-10:45', ages: [7, 10], seats: 10, price: 80, draw: 2, description: 'A first instrument and the notes that go with it.' },
  { title: 'Jazz Combo', subject: 'music', teacher: 'Cal Whitfield', room: 'Barn', hours: 'wednesday 15:00-16:30', ages: [13, 17], seats: 7, price: 185, draw: 3, description: 'For players of any instrument with two years behind them. Three gigs at the farmers’ market.' },
  { title: 'Kitchen Chemistry', subject: 'science', teacher: 'Dr. Priya Raghunathan', room: 'Kitchen', hours: 'tuesday 10:00-11:00', ages: [8, 12], seats: 10, price: 115, draw: 9, description: 'Acids, foams, crystals and caramel, with a lab notebook. Allergies: please tell us.' },
  { title: 'Biology with Dissection', subject: 'science', teacher: 'Dr. Samuel Okonkwo', room: 'Lab', hours: 'tuesday 13:00-15:00', ages: [14, 17], seats: 12, price: 240, draw: 6, description: 'A full high-school lab credit: cells to systems, ten dissections, a report each fortnight.' },
  { title: 'Chemistry Lab (Honors)', subject: 'science', teacher: 'Dr. Priya Raghunathan', room: 'Lab', hours: 'thursday 13:00-15:00', ages: [15, 17], seats: 10, price: 265, draw: 5, description: 'Stoichiometry to equilibrium. Algebra I is needed; goggles are not optional.' },
  { title: 'Pond, Creek and Prairie', subject: 'science', teacher: 'Wren Halvorsen', room: 'Outdoors', hours: 'friday 09:30-11:30', ages: [6, 10], seats: 14, price: 85, draw: 10, description: 'Outside in all weather but lightning. Nets, hand lenses and boots that may get wet.' },
  { title: 'Birding for Families', subject: 'science', teacher: 'Wren Halvorsen', room: 'Outdoors', hours: 'saturday 07:30-09:00', ages: [5, 17], seats: 20, price: 0, draw: 3, weeks: [9, 19], description: 'Spring migration, one place a week. Binoculars to borrow.' },
  { title: 'Astronomy Evenings', subject: 'science', teacher: 'Joaquín Restrepo', room: 'Outdoors', hours: 'thursday 19:30-21:00', ages: [10, 17], seats: 15, price: 70, draw: 6, description: 'A ten-inch telescope, warm clothes and patience; star charts when it is cloudy.' },
  { title: 'Junior Robotics', subject: 'technology', teacher: 'Mei-Ling Chou', room: 'Computer Room', hours: 'wednesday 13:00-14:30', ages: [9, 12], seats: 8, price: 195, draw: 12, description: 'Teams of two, one kit each: gears, sensors, and a maze at the end.' },
  { title: 'Robotics Team', subject: 'technology', teacher: 'Mei-Ling Chou', room: 'Computer Room', hours: 'wednesday 15:00-17:00', ages: [12, 17], seats: 10, price: 310, draw: 7, description: 'Competition season. Travel to two meets is included, sleep is not.' },
  { title: 'Scratch Games', subject: 'technology', teacher: 'Oluwaseun Bright', room: 'Computer Room', hours: 'monday 13:00-14:00', ages: [8, 11], seats: 12, price: 90, draw: 9, description: 'Make a game somebody else wants to play. Laptops are there.' },
  { title: 'Python: First Programs', subject: 'technology', teacher: 'Oluwaseun Bright', room: 'Computer Room', hours: 'monday 14:15-15:45', ages: [12, 17], seats: 12, price: 140, draw: 8, description: 'Variables to files to a small web page of your own.' },
  { title: 'Electronics Bench', subject: 'technology', teacher: 'Gus Lindqvist', room: 'Lab', hours: 'friday 13:00-15:00', ages: [12, 17], seats: 8, price: 175, draw: 4, weeks: [1, 12], description: 'Solder a radio, an amplifier and something that blinks for a reason.' },
  { title: 'Math Circle: Puzzles', subject: 'mathematics', teacher: 'Avigail Ben-Dor', room: 'Library', hours: 'monday 10:00-11:00', ages: [8, 11], seats: 12, price: 0, draw: 5, description: 'Problems that take an hour and no formulas. No grades, some snacks.' },
  { title: 'Algebra I', subject: 'mathematics', teacher: 'Darnell Whitaker', room: 'Blue Room', hours: 'tuesday 09:00-10:00', ages: [12, 16], seats: 16, price: 220, draw: 6, description: 'A full year’s second half. Weekly problem sets, one test a month.' },
  { title: 'Geometry by Compass', subject: 'mathematics', teacher: 'Avigail Ben-Dor', room: 'Blue Room', hours: 'thursday 09:00-10:15', ages: [13, 17], seats: 14, price: 180, draw: 3, description: 'Euclid with our own hands: constructions first, proofs from them.' },
  { title: 'Number Games', subject: 'mathematics', teacher: 'Siobhán O’Malley', room: 'Red Room', hours: 'thursday 09:30-10:15', ages: [5, 7], seats: 10, price: 55, draw: 5, description: 'Dice, dominoes, a shop and a very long number line.' },
  { title: 'Spanish: Primeros Pasos', subject: 'languages', teacher: 'Guadalupe Ortiz', room: 'Red Room', hours: 'tuesday 10:00-10:45', ages: [5, 8], seats: 12, price: 85, draw: 7, description: 'Songs, stories and a market day, all in Spanish.' },
  { title: 'Spanish II', subject: 'languages', teacher: 'Guadalupe Ortiz', room: 'Blue Room', hours: 'tuesday 11:00-12:15', ages: [12, 17], seats: 14, price: 190, draw: 4, description: 'Past tenses, opinions, and a pen friend in Oaxaca.' },
  { title: 'Mandarin Storytime 中文故事', subject: 'languages', teacher: '林雅婷 Lin Ya-ting', room: 'Red Room', hours: 'friday 10:00-10:45', ages: [4, 8], seats: 10, price: 80, draw: 3, description: 'Picture books, rhymes and brush strokes. Heritage speakers and beginners together.' },
  { title: 'American Sign Language 1', subject: 'languages', teacher: 'Marlee Duchamp', room: 'Blue Room', hours: 'wednesday 10:00-11:00', ages: [9, 17], seats: 16, price: 100, draw: 7, description: 'Voices off from the first minute. Taught by a Deaf teacher.' },
  { title: 'Latin from the Start', subject: 'languages', teacher: 'Fr. Anselm Keough', room: 'Library', hours: 'friday 09:00-10:00', ages: [10, 14], seats: 12, price: 130, draw: 2, description: 'Salvete! A story about a dog, a cook and the eruption of Vesuvius.' },
  { title: 'Shakespeare Out Loud', subject: 'drama', teacher: 'Imogen Fairweather', room: 'Barn', hours: 'thursday 11:00-13:00', ages: [11, 17], seats: 18, price: 125, draw: 6, description: 'A Midsummer Night’s Dream, cut to ninety minutes, outdoors in May.' },
  { title: 'Story Theater', subject: 'drama', teacher: 'Imogen Fairweather', room: 'Barn', hours: 'tuesday 13:00-14:00', ages: [6, 10], seats: 14, price: 90, draw: 6, description: 'Folk tales from five continents, acted by whoever is there.' },
  { title: 'Creative Writing Workshop', subject: 'writing', teacher: 'Tomasz Wiśniewski', room: 'Library', hours: 'wednesday 13:00-14:30', ages: [12, 17], seats: 10, price: 115, draw: 5, description: 'A page a week, read aloud, answered kindly. An anthology is printed in May.' },
  { title: 'Essay Writing for High School', subject: 'writing', teacher: 'Tomasz Wiśniewski', room: 'Library', hours: 'wednesday 09:00-10:15', ages: [14, 17], seats: 12, price: 160, draw: 4, description: 'Thesis, evidence, revision, revision. Two conferences per family.' },
  { title: 'Wisconsin History Walks', subject: 'history', teacher: 'Delphine Two Crow', room: 'Outdoors', hours: 'friday 13:00-15:00', ages: [9, 14], seats: 16, price: 45, draw: 4, weeks: [8, 19], description: 'Effigy mounds, lead mines, cheese and the capitol. A carpool is organized.' },
  { title: 'Debate & Rhetoric', subject: 'history', teacher: 'Camille Baptiste', room: 'Blue Room', hours: 'thursday 15:00-16:30', ages: [13, 17], seats: 16, price: 135, draw: 4, description: 'Argue both sides of everything. A tournament in April.' },
  { title: 'Ancient Civilizations Lab', subject: 'history', teacher: 'Yusuf Demirci', room: 'Library', hours: 'tuesday 13:00-14:15', ages: [9, 12], seats: 12, price: 105, draw: 5, description: 'Write cuneiform, mummify an apple, build an arch that holds a person.' },
  { title: 'Parkour & Tumbling', subject: 'movement', teacher: 'Mateus Oliveira', room: 'Gym', hours: 'monday 15:00-16:00', ages: [8, 13], seats: 12, price: 130, draw: 11, description: 'Rolls, vaults and falling well. Soft floor, hard work.' },
  { title: 'Ballet Basics', subject: 'movement', teacher: 'Anastasia Belova', room: 'Gym', hours: 'wednesday 10:00-10:45', ages: [5, 8], seats: 10, price: 120, draw: 6, description: 'Posture, music, and a small showing in the last week.' },
  { title: 'Capoeira', subject: 'movement', teacher: 'Mateus Oliveira', room: 'Gym', hours: 'friday 15:00-16:30', ages: [10, 17], seats: 14, price: 125, draw: 5, description: 'Game, fight, dance: all three, with live music.' },
  { title: 'Chess Club', subject: 'games', teacher: 'Levon Petrosyan', room: 'Library', hours: 'monday 13:00-14:30', ages: [6, 17], seats: 24, price: 0, draw: 6, description: 'Openings for those who want them, blitz for everybody.' },
  { title: 'Bread, Butter, Jam', subject: 'home', teacher: 'Marguerite Benoît', room: 'Kitchen', hours: 'thursday 10:00-12:00', ages: [8, 13], seats: 8, price: 150, draw: 10, description: 'Sourdough and quick breads, churned butter, preserves; lunch is what was made.' },
  { title: 'Woodworking with Hand Tools', subject: 'home', teacher: 'Gus Lindqvist', room: 'Workshop', hours: 'thursday 13:00-15:00', ages: [11, 16], seats: 6, price: 230, draw: 9, description: 'Saw, plane, chisel: a box, a stool, and all ten fingers.' },
  { title: 'Nature Kindergarten', subject: 'early years', teacher: 'Siobhán O’Malley', room: 'Outdoors', hours: 'monday 09:00-12:00', ages: [4, 6], seats: 12, price: 280, draw: 8, description: 'Mud kitchen, stories under a tarp, a fire on cold days.' },
];
