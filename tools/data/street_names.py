"""Street names: common ones with a weight law, composed from the words that each country's streets are named by."""

from name_tables import rank_weights
from rules_common import market_file, write_tsv

# By how often such names are met, most frequent first; our own lists of common knowledge.
US_NAMES = """Main Second First Third Park Fourth Fifth Oak Sixth Pine Maple Cedar Washington Elm Walnut Eighth Seventh
Lake Sunset Ninth Lincoln Jackson Church River Willow Highland Jefferson Center North Spring Chestnut Cherry Ridge Franklin
Hill Madison Adams South Dogwood Hickory Johnson Forest Meadow Mill Valley Broadway Union Lakeview Birch Spruce Poplar
Magnolia Tenth College West East Laurel Cleveland Monroe Jones Davis Smith Wilson Clark Hillcrest Grant Garden Cypress
Sycamore Woodland Holly Juniper Riverside Locust Ash Beech Aspen Mulberry Hawthorn Evergreen Rose Ivy Fairview Prospect
Pleasant Central Liberty Market Front Water Bridge School Railroad Depot Station Court Academy Canal Dove Eagle Hawk Falcon
Robin Cardinal Oriole Quail Pheasant Fox Deer Elk Bear Wolf Beaver Otter Rabbit Harrison Tyler Taylor Pierce Hayes Garfield
Arthur Roosevelt Wilson Kennedy Hamilton Marshall Warren Carroll Logan Perry Sherman Sheridan Custer Crockett Houston Austin
Dallas Denver Boston Albany Richmond Charleston Savannah Lexington Concord Salem Cambridge Oxford Windsor Essex Sussex Kent
Devon Bristol York Lancaster Chester Berkshire Hampton Stratford Brighton Dover Newport Canterbury Sherwood Nottingham
Summit Crest Vista Mesa Canyon Prairie Timber Stone Rock Granite Marble Slate Sandstone Copper Silver Gold Iron Crystal
Amber Ruby Sapphire Autumn Summer Winter Sunrise Moonlight Starlight Rainbow Breeze Windy Misty Shady Quiet Peaceful Country
Farm Orchard Vineyard Barn Pasture Harvest Creek Brook Branch Fork Harbor Bay Beach Shore Island Ocean Pacific Atlantic
Cottonwood Hemlock Redwood Sequoia Acacia Olive Palm Peach Plum Pear Apple Orange Lemon Almond Pecan Hazel Linden Alder
Sassafras Wisteria Azalea Camellia Jasmine Lilac Lily Daisy Violet Iris Tulip Primrose Clover Heather Sage Thistle Fern
Buckingham Carriage Coach Hunters Pioneer Settlers Heritage Colonial Patriot Independence Freedom Constitution Republic
Cimarron Cheyenne Cherokee Apache Navajo Mohawk Seneca Dakota Shawnee Choctaw Osage Comanche Tecumseh Pontiac""".split()
US_KINDS = {"Street": 40, "Avenue": 22, "Drive": 16, "Road": 14, "Lane": 10, "Court": 8, "Boulevard": 3, "Circle": 3, "Way": 3,
            "Place": 3}
US_ONLY_ONE = {"Broadway": ["Broadway"]}
GB_NAMES = """High Station Main Church Victoria Park Green London Manor Queens Kings New Mill Grange The~Crescent School
North South West York Springfield George Albert Alexandra Windsor Grove Chapel Richmond Highfield Stanley Chester
Mill Bridge Castle Market Cross Orchard Oxford Cambridge Lincoln Warwick Salisbury Clarence Wellington Nelson Waterloo Trafalgar
Russell Bedford Devonshire Cavendish Norfolk Suffolk Essex Kent Sussex Surrey Hampton Stafford Derby Nottingham Leicester
Gladstone Cromwell Churchill Milton Shakespeare Byron Tennyson Wordsworth Shelley Keats Dickens Hardy Burns Scott Livingstone
Beech Oak Ash Elm Willow Chestnut Sycamore Birch Poplar Maple Cedar Laurel Holly Hawthorn Rowan Lime Larch Hazel Cherry Elder
Primrose Bluebell Heather Lavender Rose Ivy Bramble Fern Meadow Field Brook River Lake Hill Valley Wood Forest Heath Moor
Common Farm Barn Hall Abbey Priory Vicarage Rectory Glebe Minster St~Johns St~Marys St~James St~Peters St~Georges St~Andrews
St~Pauls St~Michaels Northfield Southfield Westfield Eastfield Fairfield Woodland Hillside Riverside Lakeside Broad Long
Cornwall Dorset Somerset Devon Durham Lancaster Carlisle Balmoral Sandringham Buckingham Marlborough Blenheim Arundel
Ashley Beaumont Belgrave Berkeley Carlton Clifton Eaton Elgin Fitzroy Gordon Hamilton Hartington Holland Kingsley Kingston
Lansdowne Leighton Melbourne Montague Mornington Mortimer Osborne Percy Portland Raleigh Rutland Selborne Sidney Spencer
Stuart Tudor Upton Vernon Walton Wentworth Weston Whitehall Wilton Woodstock Wyndham Garden Sunnyside Quarry Foundry Wharf
Canal Railway Dock Ferry Lower Upper Old East Barrack Bath Well Spring Pond Hawthorne Linden Mayfield Oakfield Ashfield
Elmfield Heathfield Greenfield Longfield Parkfield Lawrence Arthur Edward William Henry Charles Frederick Ernest Harold""".split()
GB_KINDS = {"Road": 38, "Street": 26, "Avenue": 14, "Close": 12, "Lane": 10, "Drive": 9, "Way": 5, "Court": 4, "Gardens": 4,
            "Grove": 3, "Crescent": 3, "Terrace": 3, "Place": 2, "Hill": 1}
DE_STREETS = """Hauptstraße Schulstraße Gartenstraße Dorfstraße Bahnhofstraße Bergstraße Birkenweg Lindenstraße Kirchstraße
Waldstraße Ringstraße Amselweg Schillerstraße Wiesenweg Goethestraße Jahnstraße Feldstraße Mühlenweg Wiesenstraße
Finkenweg Blumenstraße Buchenweg Eichenweg Ahornweg Rosenstraße Mühlenstraße Friedhofstraße Mozartstraße Beethovenstraße
Talstraße Poststraße Industriestraße Tannenweg Bachstraße Lerchenweg Erlenweg Kastanienweg Fliederweg Meisenweg Rosenweg
Drosselweg Kirchweg Sonnenstraße Lessingstraße Uhlandstraße Mittelstraße Parkstraße Burgstraße Tulpenweg Akazienweg
Brunnenstraße Fichtenweg Schlossstraße Ulmenweg Heideweg Kiefernweg Nelkenweg Veilchenweg Neue~Straße Marktstraße
Hochstraße Friedrichstraße Wilhelmstraße Bismarckstraße Kantstraße Heinestraße Steinstraße Königstraße Kaiserstraße
Marktplatz Kirchplatz Rathausplatz Am~Bahnhof Am~Markt Am~Anger Am~Hang Am~Sportplatz Im~Winkel Im~Wiesengrund Zum~Sportplatz
Lange~Straße Breite~Straße Kurze~Straße Hohe~Straße Obere~Straße Untere~Straße Alte~Straße Grüner~Weg Am~Mühlbach
Am~Waldrand Am~Friedhof Auf~der~Höhe An~der~Kirche An~der~Mühle Hinter~den~Gärten Unter~den~Linden""".split()
DE_STEMS = """Amsel Drossel Fink Star Meisen Lerchen Schwalben Falken Habicht Adler Reiher Storchen Kranich Eulen Spechte
Ahorn Birken Buchen Eichen Erlen Eschen Fichten Kiefern Tannen Linden Ulmen Weiden Pappel Kastanien Nussbaum Kirsch Apfel
Birnen Pflaumen Holunder Schlehen Weißdorn Ginster Flieder Rosen Tulpen Nelken Veilchen Lilien Dahlien Astern Narzissen
Sonnen Mond Sternen Morgen Abend Berg Tal Hügel Wald Feld Wiesen Garten Bach Fluss See Ufer Brücken Insel Quellen Brunnen
Mühlen Schmiede Ziegelei Kalk Stein Sand Lehm Kreuz Kapellen Kloster Pfarr Dom Burg Schloss Ritter Grafen Herzog Fürsten
König Kaiser Bürger Bauern Hirten Jäger Fischer Gerber Weber Töpfer Bäcker Schuster Zimmer Maurer Schreiner Goethe Schiller
Lessing Heine Kant Hegel Leibniz Humboldt Gutenberg Dürer Cranach Bach Händel Haydn Mozart Beethoven Schubert Schumann
Brahms Wagner Liszt Röntgen Koch Virchow Siemens Daimler Benz Diesel Zeppelin Gauß Kepler Kopernikus Mozart Stadt Markt
Rathaus Schul Turn Sport Bahn Hafen Post Zoll Fabrik Werk Gewerbe Handels Nord Süd Ost West Mittel Ober Unter Hoch Lange""".split()
DE_KINDS = {"straße": 40, "weg": 36, "platz": 5, "ring": 5, "allee": 4, "gasse": 8}
FR_STREETS = """Rue~de~l'Église Rue~du~Moulin Place~de~l'Église Rue~du~Château Grande~Rue Rue~de~la~Mairie Rue~des~Écoles
Rue~de~la~Gare Rue~Principale Rue~du~Stade Rue~de~la~Fontaine Rue~Pasteur Rue~Victor~Hugo Rue~Jean~Jaurès Rue~Jules~Ferry
Avenue~de~la~Gare Rue~du~Général~de~Gaulle Rue~Jean~Moulin Rue~de~la~République Place~de~la~Mairie Rue~des~Jardins
Rue~des~Lilas Rue~du~Lavoir Rue~de~la~Poste Rue~du~Cimetière Rue~du~Presbytère Rue~Pierre~Curie Rue~des~Tilleuls
Avenue~Jean~Jaurès Rue~Émile~Zola Place~du~Marché Rue~des~Acacias Rue~des~Roses Rue~du~Pont Rue~de~Verdun Rue~Nationale
Avenue~de~la~République Rue~du~8~Mai~1945 Rue~du~11~Novembre Rue~du~Maréchal~Foch Rue~Gambetta Rue~Voltaire
Boulevard~Victor~Hugo Rue~Saint-Martin Rue~des~Prés Rue~du~Bois Rue~des~Vignes Rue~du~Puits Rue~Neuve Rue~Haute Rue~Basse
Impasse~des~Lilas Allée~des~Tilleuls Allée~des~Chênes Route~de~Paris Chemin~du~Moulin Rue~de~Paris Rue~des~Champs""".split()
FR_PEOPLE = """Victor~Hugo Jean~Jaurès Louis~Pasteur Jules~Ferry Pierre~Curie Émile~Zola Anatole~France Jules~Verne Voltaire
Molière Jean~Racine Pierre~Corneille La~Fontaine Montesquieu Denis~Diderot Jean-Jacques~Rousseau Alphonse~Daudet George~Sand
Honoré~de~Balzac Gustave~Flaubert Stendhal Charles~Baudelaire Paul~Verlaine Arthur~Rimbaud Guillaume~Apollinaire Paul~Éluard
Louis~Aragon Jacques~Prévert Albert~Camus Antoine~de~Saint-Exupéry Marcel~Pagnol Marcel~Proust Paul~Valéry Claude~Monet
Paul~Cézanne Auguste~Renoir Vincent~van~Gogh Henri~Matisse Pablo~Picasso Claude~Debussy Maurice~Ravel Hector~Berlioz
Georges~Bizet Frédéric~Chopin Charles~Gounod Marie~Curie Claude~Bernard Ambroise~Paré Blaise~Pascal René~Descartes
Pierre~Brossolette Guy~Môquet Léon~Blum Léon~Gambetta Georges~Clemenceau Aristide~Briand Salvador~Allende Nelson~Mandela
Martin~Luther~King Jean~Mermoz Louis~Blériot Roland~Garros Ferdinand~Buisson Édouard~Vaillant Jules~Guesde Louise~Michel
Olympe~de~Gouges Simone~Veil Lucie~Aubrac Jean~Zay Pierre~Mendès~France Paul~Langevin Ampère Denis~Papin Lavoisier""".split()
FR_THINGS = """des~Lilas des~Acacias des~Roses des~Tilleuls des~Chênes des~Peupliers des~Érables des~Marronniers des~Platanes
des~Cerisiers des~Pommiers des~Noyers des~Bouleaux des~Hêtres des~Sapins des~Pins des~Cèdres des~Saules des~Ormes des~Frênes
des~Violettes des~Tulipes des~Jonquilles des~Primevères des~Bleuets des~Coquelicots des~Glycines des~Hortensias des~Mimosas
des~Jardins des~Prés des~Champs des~Vignes des~Vergers des~Bois des~Sources des~Fontaines des~Moulins des~Écoles des~Sports
des~Alouettes des~Hirondelles des~Mésanges des~Rossignols des~Fauvettes des~Cigales du~Moulin du~Château du~Lavoir du~Stade
du~Pont du~Puits du~Bois du~Parc du~Lac du~Port du~Marché du~Verger du~Clos du~Four du~Soleil du~Levant du~Midi de~la~Gare
de~la~Fontaine de~la~Forêt de~la~Prairie de~la~Plaine de~la~Colline de~la~Rivière de~la~Vallée de~la~Paix de~la~Liberté
de~la~Croix de~la~Chapelle de~la~Source de~l'Étang de~l'Abbaye de~l'Avenir de~l'Industrie de~l'Europe d'Alsace de~Lorraine
de~Bretagne de~Normandie de~Bourgogne de~Provence de~Savoie de~Strasbourg de~Lyon de~Bordeaux de~Belfort de~Metz""".split()
FR_KINDS = {"Rue": 40, "Avenue": 8, "Impasse": 7, "Allée": 7, "Place": 3, "Boulevard": 2, "Chemin": 6, "Square": 1}


def composed(names, kinds, join, most):
    """Every name with every kind of street, weighted by both, the heaviest `most` of them."""
    names = list(dict.fromkeys(name.replace("~", " ") for name in names))
    out = {}
    for name, weight in zip(names, rank_weights(len(names), 1000, 20, 1.0)):
        for kind, share in kinds.items():
            text = join(name, kind)
            out[text] = max(out.get(text, 0), max(1, round(weight * share / max(kinds.values()))))
    return sorted(out.items(), key=lambda item: (-item[1], item[0]))[:most]


def listed(names, top):
    names = list(dict.fromkeys(name.replace("~", " ") for name in names))
    return list(zip(names, rank_weights(len(names), top, 8, 1.0)))


def ordinals(text):
    words = "First Second Third Fourth Fifth Sixth Seventh Eighth Ninth Tenth".split()
    return f"{words.index(text) + 1}{('st', 'nd', 'rd')[words.index(text)] if words.index(text) < 3 else 'th'}" \
        if text in words else text


def american():
    rows = dict(composed([ordinals(name) for name in US_NAMES if name != "Broadway"], US_KINDS, "{} {}".format, 1200))
    rows["Broadway"] = 400
    for number in range(11, 60):
        suffix = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number > 13 else "th"
        for kind, share in (("Street", 6), ("Avenue", 4)):
            rows[f"{number}{suffix} {kind}"] = max(1, share * 200 // number)
    return rows


def british():
    """"High Street", "The Crescent"; a name that is a kind of its own takes no second one."""
    rows = dict(composed([name for name in GB_NAMES if not name.startswith("The~")], GB_KINDS, "{} {}".format, 1300))
    for name in ("The Crescent", "The Green", "The Avenue", "The Grove", "The Drive", "The Close"):
        rows[name] = 120
    rows["High Street"] = 2300
    for odd in ("High Road", "High Close", "High Avenue", "High Drive", "High Gardens", "Hill Hill", "Grove Grove",
                "High Court", "High Crescent", "High Grove", "High Lane", "High Terrace", "High Place", "High Way"):
        rows.pop(odd, None)
    return rows


def german_name(stem, kind):
    """Stems join their kind directly: Amselweg; people's names as well: Goethestraße."""
    return stem + kind


def german():
    rows = dict(composed(DE_STEMS, DE_KINDS, german_name, 900))
    rows.update(listed(DE_STREETS, 3000))
    return rows


def french():
    rows = dict(composed(FR_THINGS, FR_KINDS, lambda name, kind: f"{kind} {name}", 600))
    rows.update(composed(FR_PEOPLE, {"Rue": 40, "Avenue": 10, "Boulevard": 3, "Place": 3, "Allée": 2},
                         lambda name, kind: f"{kind} {name}", 300))
    rows.update(listed(FR_STREETS, 3000))
    return rows


def rebuild(data):
    for country, make in {"US": american, "GB": british, "DE": german, "FR": french}.items():
        rows = sorted(make().items())
        write_tsv(market_file(data, country, "streets.tsv"),
                  ["origin: composed from words that streets of the country are commonly named by; our own lists.",
                   "weight: a rank law over the words times the share of the kind of street."],
                  ["name", "weight"], rows)
        print(country, len(rows), "streets")
