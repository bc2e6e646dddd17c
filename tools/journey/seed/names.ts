/** A part of a name, and how it is written in an address when it is not in plain ASCII letters. */
type Part = string | readonly [written: string, ascii: string];

export interface Culture {
  /** How often it is drawn. */
  readonly weight: number;
  readonly order: 'given family' | 'family given' | 'familygiven';
  readonly families: readonly Part[];
  readonly parents: readonly Part[];
  readonly children: readonly Part[];
}

/** The written form and the ASCII one, lower case, letters and dots only: `O’Brien` → `obrien`. */
export function spell(part: Part): { written: string; ascii: string } {
  const [written, ascii] = typeof part === 'string' ? [part, part] : part;
  const plain = ascii
    .normalize('NFD')
    .replace(/ø/gi, 'o')
    .replace(/ł/gi, 'l')
    .replace(/ı/g, 'i')
    .replace(/ß/g, 'ss')
    .replace(/æ/gi, 'ae');
  return { written, ascii: plain.toLowerCase().replace(/[^a-z]/g, '') };
}

// prettier-ignore
export const cultures: readonly Culture[] = [
  { weight: 9, order: 'given family', families: ['Anderson', 'Bennett', 'Carter-Hughes', 'Fairchild', 'Hollis', 'Kowalczyk', 'Lindgren', 'McAllister', 'Novak', 'Prescott', 'Thorne', 'Van Houten', 'Whitlock', 'Yoder'], parents: ['Abigail', 'Benjamin', 'Claire', 'Daniel', 'Emily', 'Graham', 'Hannah', 'Joel', 'Katherine', 'Nathan', 'Rachel', 'Stephen', 'Tessa', 'Walter'], children: ['Ada', 'Asher', 'Beatrice', 'Caleb', 'Eleanor', 'Ezra', 'Flora', 'Henry', 'Iris', 'Josephine', 'Levi', 'Mabel', 'Oscar', 'Ruth', 'Silas', 'Theodore', 'Violet', 'Wyatt'] },
  { weight: 4, order: 'given family', families: ['Ó Briain', 'O’Sullivan', "O'Connor", 'Mac Giolla', 'Ní Dhomhnaill', 'Fitzgerald', 'McGrath'], parents: ['Aoife', 'Ciarán', 'Deirdre', 'Eoghan', 'Gráinne', 'Niall', 'Róisín', 'Tadhg'], children: ['Saoirse', 'Oisín', 'Caoimhe', 'Fionn', 'Éabha', 'Cillian', 'Sorcha', 'Donnacha', 'Aisling', 'Rónán'] },
  { weight: 5, order: 'given family', families: ['García-Lopez', 'Hernández', 'Ibáñez', 'Núñez de la Cruz', 'Peña', 'Rodríguez', 'Sepúlveda', 'Villaseñor', 'Zúñiga'], parents: ['Alejandra', 'Beto', 'Consuelo', 'Fernando', 'Inés', 'Joaquín', 'Lucía', 'Martín', 'Ximena'], children: ['Mateo', 'Sofía', 'Emiliano', 'Renata', 'Ángel', 'Valentina', 'Íñigo', 'Camila', 'Tomás', 'Paloma', 'José María', 'Noé'] },
  { weight: 4, order: 'given family', families: ['Adebayo', 'Chukwuemeka', 'Eze', 'Nwosu', 'Okafor', 'Olúwaṣeun', 'Onyekachi', 'Ṣóyínká'], parents: ['Adaeze', 'Chidi', 'Folasade', 'Ifeanyi', 'Ngozi', 'Obinna', 'Tọ́lá', 'Yewande'], children: ['Chiamaka', 'Kelechi', 'Tobi', 'Ayọ̀mídé', 'Zikora', 'Emeka', 'Ọmọlará', 'Kosi', 'Amarachi', 'Dayo'] },
  { weight: 4, order: 'familygiven', families: [['李', 'li'], ['王', 'wang'], ['陳', 'chen'], ['欧阳', 'ouyang'], ['張', 'zhang'], ['周', 'zhou']], parents: [['伟', 'wei'], ['秀英', 'xiuying'], ['建国', 'jianguo'], ['美玲', 'meiling'], ['芳', 'fang'], ['志明', 'zhiming'], ['雅婷', 'yating']], children: [['子涵', 'zihan'], ['梓轩', 'zixuan'], ['欣怡', 'xinyi'], ['浩然', 'haoran'], ['詩涵', 'shihan'], ['宇航', 'yuhang'], ['雨桐', 'yutong'], ['思远', 'siyuan']] },
  { weight: 2, order: 'family given', families: [['佐藤', 'sato'], ['高橋', 'takahashi'], ['小野寺', 'onodera'], ['山本', 'yamamoto']], parents: [['健一', 'kenichi'], ['由美子', 'yumiko'], ['直樹', 'naoki'], ['さくら', 'sakura'], ['恵', 'megumi']], children: [['陽葵', 'himari'], ['蓮', 'ren'], ['結衣', 'yui'], ['湊', 'minato'], ['ひなた', 'hinata'], ['颯太', 'sota']] },
  { weight: 3, order: 'familygiven', families: [['김', 'kim'], ['이', 'lee'], ['박', 'park'], ['최', 'choi'], ['남궁', 'namgung']], parents: [['민수', 'minsu'], ['지영', 'jiyoung'], ['현우', 'hyunwoo'], ['은정', 'eunjeong'], ['성민', 'seongmin']], children: [['서연', 'seoyeon'], ['도윤', 'doyun'], ['하은', 'haeun'], ['지호', 'jiho'], ['수아', 'sua'], ['예준', 'yejun'], ['채원', 'chaewon']] },
  { weight: 4, order: 'given family', families: ['Nguyễn', 'Trần', 'Phạm', 'Huỳnh', 'Đặng', 'Võ'].map((name): Part => [name, name.replace(/Đ/g, 'D')]), parents: ['Ánh', 'Bảo', 'Hương', 'Khoa', 'Linh', 'Minh', 'Quỳnh', 'Tuấn'], children: ['An', 'Chi', 'Gia Huy', 'Khánh', 'Mai', 'Nam', 'Ngọc', 'Phúc', 'Thảo', 'Vy'] },
  { weight: 4, order: 'given family', families: ['Bhattacharya', 'Chaudhary', 'Iyer', 'Krishnamurthy', 'Patel', 'Raghunathan', 'Singh', 'Venkataraman'], parents: ['Anjali', 'Deepak', 'Kavitha', 'Manoj', 'Nandini', 'Rajesh', 'Sunita', 'Vikram'], children: ['Aarav', 'Anaya', 'Dhruv', 'Ishaan', 'Kiara', 'Meera', 'Rohan', 'Saanvi', 'Tara', 'Vihaan'] },
  { weight: 2, order: 'given family', families: [['शर्मा', 'sharma'], ['वर्मा', 'verma'], ['जोशी', 'joshi']], parents: [['प्रिया', 'priya'], ['अमित', 'amit'], ['सुनीता', 'sunita'], ['राहुल', 'rahul']], children: [['आरव', 'aarav'], ['अनन्या', 'ananya'], ['कबीर', 'kabir'], ['दीया', 'diya'], ['विवान', 'vivaan']] },
  { weight: 3, order: 'given family', families: [['الحداد', 'haddad'], ['عبد الرحمن', 'abdulrahman'], ['الخطيب', 'khatib'], ['منصور', 'mansour']], parents: [['فاطمة', 'fatima'], ['يوسف', 'yousef'], ['مريم', 'mariam'], ['خالد', 'khaled'], ['ليلى', 'layla']], children: [['عمر', 'omar'], ['نور', 'nour'], ['آدم', 'adam'], ['سلمى', 'salma'], ['ياسمين', 'yasmin'], ['زيد', 'zaid']] },
  { weight: 2, order: 'given family', families: [['כהן', 'cohen'], ['בן־דוד', 'bendavid'], ['לוי', 'levi']], parents: [['רחל', 'rachel'], ['אבי', 'avi'], ['מיכל', 'michal'], ['יעקב', 'yaakov']], children: [['נועה', 'noa'], ['איתן', 'eitan'], ['תמר', 'tamar'], ['אורי', 'ori'], ['שירה', 'shira']] },
  { weight: 3, order: 'given family', families: [['Иванов', 'ivanov'], ['Кузнецова', 'kuznetsova'], ['Шевченко', 'shevchenko'], ['Ковальчук', 'kovalchuk'], ['Лысенко', 'lysenko']], parents: [['Ольга', 'olga'], ['Дмитрий', 'dmitri'], ['Оксана', 'oksana'], ['Андрій', 'andrii'], ['Наталья', 'natalia']], children: [['Соломія', 'solomiia'], ['Максим', 'maksym'], ['Анна-Мария', 'annamaria'], ['Тимур', 'timur'], ['Злата', 'zlata'], ['Лев', 'lev']] },
  { weight: 2, order: 'given family', families: [['Παπαδοπούλου', 'papadopoulou'], ['Γεωργίου', 'georgiou'], ['Νικολαΐδης', 'nikolaidis']], parents: [['Ελένη', 'eleni'], ['Γιώργος', 'giorgos'], ['Σοφία', 'sofia'], ['Κώστας', 'kostas']], children: [['Αλέξανδρος', 'alexandros'], ['Δανάη', 'danai'], ['Ίρις', 'iris'], ['Φίλιππος', 'filippos']] },
  { weight: 3, order: 'given family', families: ['Bąk', 'Dvořák', 'Łukasiewicz', 'Nováková', 'Szczepański', 'Żuk'], parents: ['Bożena', 'Jiří', 'Kateřina', 'Łukasz', 'Małgorzata', 'Zdeněk'], children: ['Agnieszka', 'Bořivoj', 'Eliška', 'Kuba', 'Róża', 'Tadeáš', 'Wojtek', 'Žofie'] },
  { weight: 3, order: 'given family', families: ['Bjørnstad', 'Grönqvist', 'Hämäläinen', 'Jónsdóttir', 'Kjærgaard', 'Sørensen-Lund'], parents: ['Åsa', 'Bjørn', 'Guðrún', 'Jukka', 'Maren', 'Sigríður', 'Søren'], children: ['Aslaug', 'Elín', 'Håkon', 'Ilmari', 'Linnéa', 'Nils', 'Þóra', 'Viggo'].map((name): Part => [name, name.replace(/Þ/g, 'Th')]) },
  { weight: 3, order: 'given family', families: ['Beauchamp', 'D’Angelo', 'Dell’Acqua', 'Lefèvre', 'Saint-Pierre', 'Müller-Weiß', 'Übelacker', 'de Vries'], parents: ['Amélie', 'Björn', 'Chiara', 'François', 'Jürgen', 'Margaux', 'Zoë', 'Matthäus'], children: ['Anaïs', 'Célestin', 'Greta', 'Jean-Luc', 'Léonie', 'Noëlle', 'Raphaël', 'Jörg', 'Maël', 'Ottilie'] },
  { weight: 3, order: 'given family', families: ['Begaye', 'Corn', 'LaDuke', 'Red Cloud', 'Thundercloud', 'White Eagle', 'Yazzie'], parents: ['Dakota', 'Lena', 'Nizhoni', 'Raymond', 'Waneta', 'Winona'], children: ['Aiyana', 'Chayton', 'Kaya', 'Mika', 'Takoda', 'Wyanet'] },
  { weight: 3, order: 'given family', families: ['Lee', 'Lor', 'Moua', 'Vang', 'Xiong', 'Yang'], parents: ['Bee', 'Chue', 'Kao', 'Mai Yer', 'Pao', 'Sheng', 'Tou'], children: ['Gaoly', 'Kong Meng', 'Mai See', 'Nou', 'Pahoua', 'Tou Ger', 'Zoua'] },
  { weight: 2, order: 'given family', families: ['Çelik', 'Demirtaş', 'Işık', 'Öztürk', 'Yıldırım'], parents: ['Ayşe', 'Çağla', 'Emre', 'Gökhan', 'Şule'], children: ['Ali', 'Defne', 'Elif', 'Ömer', 'Zeynep', 'Yağız'] },
  { weight: 2, order: 'given family', families: ['Gebreselassie', 'Haile', 'Kamau', 'Mwangi', 'Ochieng’', 'Wanjirũ'], parents: ['Abebe', 'Makena', 'Njoroge', 'Selamawit', 'Wambui'], children: ['Amani', 'Bereket', 'Jabali', 'Liya', 'Nyambura', 'Yonas', 'Zawadi'] },
  { weight: 2, order: 'given family', families: ['Kaleoʻokalani', 'Kealoha', 'Fonoti', 'Tuʻipulotu', 'Māhoe'], parents: ['Keʻala', 'Leilani', 'Mana', 'Sina', 'Tavita'], children: ['Kaʻiulani', 'Lagi', 'Makoa', 'Noelani', 'Tāne', 'ʻAlohi'] },
];
