#!/bin/sh
# Indexes: the same rows in every format, exiftool's values, filters, updates, shards, and what
# becomes of broken files, wrong words and indexes that cannot be written.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$source_dir/tests/cli" && pwd)

sqlite=yes
clproc help index
expect_code 0
grep -q '\.sqlite' "$out" || sqlite=

mkdir in in/sub
cp "$images"/00[0-4]* in/
cp "$images"/00[5-9]* in/sub/
pictures=$(find in -name '*.jpg' -o -name '*.png' | wc -l)

# ------------------------------------------------------------------------- formats
clproc index in -o a.jsonl
expect_code 0
expect_err "^clproc: $pictures written, "
expect_lines a.jsonl "$pictures"
[ "$(head -n 1 a.jsonl | cut -c 1-45)" = '{"SourceFile":"in/000-jpeg-420.jpg","FileName' ] ||
    fail "rows should be in the order of the listing"
clproc index in -o a.csv
expect_code 0
expect_lines a.csv $((pictures + 1))
[ "$(head -n 1 a.csv | tail -c 2 | od -An -c | tr -d ' ')" = '\r\n' ] || fail "RFC 4180 has CRLF"
clproc index in -o - --quiet
expect_code 0
expect_same "$out" a.jsonl
expect_lines "$err" 0
if have python3; then
    python3 - ${sqlite:+a.sqlite} <<'EOF' || fail "CSV and JSON lines should hold the same"
import csv, json
rows = [json.loads(line) for line in open("a.jsonl", encoding="utf-8")]
cells = list(csv.DictReader(open("a.csv", newline="", encoding="utf-8")))
text = lambda v: "" if v is None else json.dumps(v) if isinstance(v, list) else "%.15g" % v if isinstance(v, float) else str(v)
assert len(rows) == len(cells) > 0
for row, line in zip(rows, cells):
    assert set(row) <= set(line)
    for name in line:
        assert text(row.get(name)) == line[name], (row["SourceFile"], name)
EOF
fi
if [ "$sqlite" ] && have sqlite3; then
    clproc index in -o a.sqlite
    expect_code 0
    sqlite3 -header -csv a.sqlite 'select * from photos order by rowid' | tr -d '\r' >from-sqlite.csv
    tr -d '\r' <a.csv >from-csv.csv
    sqlite3 :memory: '.import --csv from-csv.csv a' '.import --csv from-sqlite.csv b' \
        'select * from a except select * from b' >differ 2>/dev/null
    [ ! -s differ ] || fail "SQLite and CSV should hold the same: $(head -n 2 differ)"
    clproc index in -o a.sqlite --fields name,width
    sqlite3 a.sqlite "create table other (x); create view wide as select * from photos where ImageWidth > 100"
    clproc index in -o a.sqlite --fields name,width
    [ "$(sqlite3 a.sqlite 'select count(*) from wide; select count(*) from other' | tr '\n' ' ')" = "$pictures 0 " ] ||
        fail "other tables of the file should stay"
    # A view stays, and works, also one that names columns; what is no index is not replaced.
    sqlite3 a.sqlite "create view names as select FileName from photos order by FileName limit 1"
    clproc index in -o a.sqlite --fields name,width
    expect_code 0
    [ "$(sqlite3 a.sqlite 'select * from names')" = 000-jpeg-420.jpg ] || fail "the view should stay"
    for columns in place SourceFile,place; do
        rm -f other.sqlite
        sqlite3 other.sqlite "create table photos ($columns); insert into photos (place) values (3)"
        clproc index in -o other.sqlite
        expect_refusal 4 'other.sqlite: has a table photos with a column place that is none of an index'
        [ "$(sqlite3 other.sqlite 'select place from photos')" = 3 ] || fail "the table should stay"
    done
fi

# A PNG's texts behind its pixels, wherever these stand.
if have python3; then
    python3 - <<'EOF'
import struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 0, 0, 0, 0))
rows = zlib.compress(bytes((i * i * 7 + i // 65) % 251 if i % 65 else 0 for i in range(64 * 65)))
text, end = chunk(b"tEXt", b"Title\0behind"), chunk(b"IEND", b"")
def split(*sizes):
    chunks, at, count = b"", 0, 0
    while at < len(rows):
        size = sizes[min(count, len(sizes) - 1)]
        chunks += chunk(b"IDAT", rows[at:at + size])
        at, count = at + size, count + 1
    return chunks
open("one.png", "wb").write(head + split(len(rows)) + text + end)
open("even.png", "wb").write(head + split(100) + text + end)
open("odd.png", "wb").write(head + split(300, 20, 150, 7, 90) + text + end)
open("long.png", "wb").write(head + split(100) + chunk(b"tEXt", b"Software\0" + b"x" * 5000) + text + end)
open("none.png", "wb").write(head + split(100) + end)
EOF
    clproc index one.png even.png odd.png long.png none.png -o behind.jsonl
    expect_code 0
    [ "$(grep -c '"Title":"behind"' behind.jsonl)" -eq 4 ] ||
        fail "texts behind the pixels are missing: $(cat behind.jsonl)"
    rm one.png even.png odd.png long.png none.png
fi

# --------------------------------------------------------------- fields and filters
clproc index in -o - --fields name,Width,quality,iso -q
expect_code 0
expect_out '^{"FileName":"000-jpeg-420.jpg","ImageWidth":400,"JPEGQualityEstimate":90,"ISO":null}$'
clproc index in -o - --fields SourceFile,ISOS
expect_refusal 2 'no field ISOS; likely ones: ISO'
clproc index in -o - --fields SourceFile,quux
expect_refusal 2 'clproc help fields'
clproc index in -o - --fields ''
expect_refusal 2 'no field'
clproc index in -o - -q --fields name --where 'FileType = "PNG" and not (name ~ "rgb" or depth = 16)'
expect_code 0
expect_lines "$out" "$(find in -name '*png*' ! -name '*rgb*' | wc -l)"
# A row that is not wanted has a line of its own where programs read.
clproc index in -o none.jsonl --where 'ImageWidth > 5000' --progress json
expect_code 0
expect_err '"type":"skipped","input":"in/000.*"reason":"not wanted"'
expect_err '^{"type":"result".*"not_wanted":[1-9]'
rm none.jsonl
# Dates in the form of ISO 8601 mean the same as in the form that rows have.
touch -d '2024-03-01 12:00:00' in/000*
touch -d '2024-05-06 10:30:00' in/001*
for test in '>= "2024-05' '< "2024-05-06' '>= "2024-05-06T10' '~ "^2024-05' '~ "2024-0'; do
    clproc index in -o - -q --fields name,FileModifyDate --where "FileModifyDate $test\""
    expect_code 0
    mv "$out" iso.out
    clproc index in -o - -q --fields name,FileModifyDate \
        --where "FileModifyDate $(echo "$test" | sed 's/\([0-9]\)-/\1:/g; s/T/ /')\""
    cmp -s "$out" iso.out || fail "FileModifyDate $test should find the same with colons"
done
for wrong in 'iso >' 'iso' 'iso ? 5' '(iso > 5' 'iso > 5)' 'quux = 5' 'iso > 5 or' 'lens ~ "("' 'lens ~ "a' \
    'date > "20240506"' 'date > "2024-5-6"' 'date = "yesterday"' 'lens ~ 5' 'iso < null' 'iso = "abc"' 'lens ~ "(a{50}){50}"' 'lens ~ "(a)\1"' ''; do
    clproc index in -o b.jsonl --where "$wrong"
    expect_refusal 2 'no field quux\|--where: '
done
expect_err ' at character 1, its end; '
clproc index in -o b.jsonl --where 'make = "éééé" andd'
expect_refusal 2 'at character 15, "andd"'
expect_no_file b.jsonl

# ------------------------------------------------------------------- broken files
mkdir bad
cp in/000-jpeg-420.jpg bad/good.jpg
head -c 300 in/000-jpeg-420.jpg >bad/cut.jpg
head -c 20 in/001-png-rgb.png >bad/cut.png
echo 'no picture' >bad/notes.jpg
echo 'no picture' >bad/notes.txt
: >bad/empty.png
printf 'II*\0\377\377\377\177' >bad/outside.tif
clproc index bad missing.jpg -o bad.jsonl
expect_code 1
expect_err '^clproc: 1 written, 1 skipped, 6 failed'
expect_err '^clproc: missing.jpg: cannot be read: No such file'
expect_err '^clproc: bad/notes.jpg: is no picture that is read here$'
expect_lines bad.jsonl 7
[ "$(grep -c '"Error":' bad.jsonl)" -eq 6 ] || fail "six rows should have an error"
grep -q '"SourceFile":"bad/cut.jpg".*"FileType":"JPEG","Error":"the file ends' bad.jsonl ||
    fail "a cut file should have a row with what is known"

# Broken files are read again by every update: they may have been mended.
for kind in jsonl csv ${sqlite:+sqlite}; do
    clproc index bad -o bad.$kind -q
    clproc index bad -o bad.$kind --update
    expect_code 1
    expect_err '^clproc: 0 written, 2 skipped, 5 failed.*; 1 made before'
done

# ------------------------------------------------------------------------- updates
for kind in jsonl csv ${sqlite:+sqlite}; do
    index=up.$kind
    clproc index in -o $index
    expect_code 0
    cp in/000-jpeg-420.jpg in/new.jpg
    cp in/sub/006-jpeg-gray.jpg in/002-jpeg-422.jpg
    mv in/004-jpeg-420-orientation6.jpg away.jpg
    clproc index in -o $index --update
    expect_code 0
    expect_err "^clproc: 2 written, .*; $((pictures - 2)) made before"
    expect_err '^clproc: 1 dropped from the index'
    clproc index in -o fresh.$kind
    if [ $kind = sqlite ]; then
        ! have sqlite3 || {
            sqlite3 $index .dump >one && sqlite3 fresh.sqlite .dump >two
            expect_same one two
        }
    else
        expect_same $index fresh.$kind
    fi
    clproc index in -o $index --update
    expect_err "^clproc: 0 written, .*; $pictures made before"
    # Columns of another choice are of no use; JSON lines tell by themselves what they hold.
    clproc index in -o $index --update --fields SourceFile,FileSize,FileModifyDate,width
    expect_code 0
    [ $kind = jsonl ] || expect_err "^clproc: $pictures written"
    clproc index in -o $index --update --fields SourceFile,FileSize,FileModifyDate,width
    expect_err "$pictures made before"
    rm in/new.jpg
    cp "$images/002-jpeg-422.jpg" in/
    mv away.jpg in/004-jpeg-420-orientation6.jpg
done
# Rows that another program wrote anew, or whose names need escapes, are read the long way.
cp in/000-jpeg-420.jpg 'in/a "quoted\" name.jpg'
clproc index in -o fresh.jsonl -q
sed 's/":/": /g; s/,"/, "/g' fresh.jsonl >up.jsonl
for kind in csv $([ -z "$sqlite" ] || echo sqlite); do
    clproc index in -o dear.$kind --digest -q
    expect_code 0
    cp dear.$kind kept.$kind
    clproc index in -o dear.$kind --update
    expect_refusal 2 'was made with --digest'
    cmp -s dear.$kind kept.$kind || fail "dear.$kind was changed"
done
clproc index in -o up.jsonl --update
expect_err "^clproc: 0 written, .*; $((pictures + 1)) made before"
expect_same up.jsonl fresh.jsonl
clproc index in -o up.jsonl --update
expect_err "$((pictures + 1)) made before"
expect_same up.jsonl fresh.jsonl
# A last row that was cut within its last value is not believed.
clproc index in -o fresh.csv --fields path,size,mtime,name -q
head -c -6 fresh.csv >up.csv # the line end, and four letters of the name
clproc index in -o up.csv --update --fields path,size,mtime,name
expect_err "^clproc: 1 written, .*; $pictures made before"
expect_same up.csv fresh.csv
# Rows that are kept are asked, too.
clproc index in -o up.jsonl --update --where 'type = "PNG"' -q
expect_lines up.jsonl "$(find in -name '*.png' | wc -l)"
rm in/*quoted*
clproc index in -o up.jsonl --update --fields name
expect_refusal 2 'add SourceFile to --fields'
clproc index in -o - --update
expect_refusal 2 'a file, not -o -'

# -------------------------------------------------------------------------- shards
for i in 1 2 3; do
    clproc index in -o shard.jsonl --shard $i/3 --quiet
    expect_code 0
    cat shard.jsonl >>shards
done
sort shards >sorted-shards
clproc index in -o all.jsonl
sort all.jsonl >sorted-all
expect_same sorted-shards sorted-all
for wrong in 0/3 4/3 2 1/0 1.5/3 a/b 1/3x; do
    clproc index in -o - --shard $wrong
    expect_refusal 2 'must be I/N'
done

# ------------------------------------------------------- what cannot be written
clproc index in -o a.parquet
expect_refusal 2 'writes no .parquet; choose among .jsonl'
clproc index in -o a.txt
expect_refusal 2 'needs an ending'
clproc index in
expect_refusal 2 'add -o FILE'
clproc index -o a.jsonl
expect_refusal 2 'no input given'
cp a.jsonl before
clproc index in -o missing/a.jsonl
expect_refusal 4 'missing/a.jsonl: cannot be created'
if [ -w /dev/full ]; then
    code=0
    "$CLPROC" index in -o - >/dev/full 2>"$err" || code=$?
    expect_code 4
    expect_err 'No space left'
fi
# A file that cannot grow stands for a full disk.
for kind in jsonl csv ${sqlite:+sqlite}; do
    clproc index in -o full.$kind -q
    cp full.$kind kept
    code=0
    (trap '' XFSZ && ulimit -f 2 && exec "$CLPROC" index in bad -o full.$kind) 2>"$err" || code=$?
    expect_code 4
    expect_err "full.$kind: "
    expect_same full.$kind kept
done
if [ "$sqlite" ]; then
    echo 'no database at all, but long enough to be taken for a file with a header' >no.sqlite
    cp no.sqlite kept
    clproc index in -o no.sqlite
    expect_refusal 4 'not a database; name another file'
    expect_same no.sqlite kept
fi
if [ "$sqlite" ] && have python3; then
    clproc index in -o locked.sqlite
    cp locked.sqlite kept
    python3 - <<'EOF' &
import os, sqlite3, time
db = sqlite3.connect("locked.sqlite", isolation_level=None)
db.execute("begin exclusive")
open("is-locked", "w").close()
for _ in range(600):
    if os.path.exists("unlock"):
        break
    time.sleep(0.05)
EOF
    holder=$!
    tries=0
    while [ ! -e is-locked ] && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
    clproc index in -o locked.sqlite
    touch unlock
    wait $holder
    expect_refusal 4 'locked; another program uses it'
    expect_same locked.sqlite kept
fi
expect_same a.jsonl before
# What a killed process has left goes with the next file that is written there.
echo half >.clproc-01234567
clproc index in -o swept.csv
[ ! -e .clproc-01234567 ] || fail "a temporary file should be removed"
left=$(find . -name '.clproc-*')
[ -z "$left" ] || fail "left behind: $left"

# --------------------------------------------------------------- exiftool's values
have exiftool || skip "exiftool is not installed (libimage-exiftool-perl)"
have python3 || skip "python3 is not installed"
fields=$("$CLPROC" help fields | sed -n 's/^  \([A-Za-z0-9-]*\)  *.*/\1/p' | paste -s -d , -)

# Every tag that is read, in a JPEG, a PNG and a TIFF.
cp "$images/000-jpeg-420.jpg" tags.jpg
cp "$images/001-png-rgb.png" tags.png
printf 'MM\0*\0\0\0\010\0\011\001\0\0\003\0\0\0\001\0\001\0\0\001\001\0\003\0\0\0\001\0\001\0\0\001\002\0\003\0\0\0\001\0\010\0\0\001\003\0\003\0\0\0\001\0\001\0\0\001\006\0\003\0\0\0\001\0\001\0\0\001\021\0\004\0\0\0\001\0\0\0\172\001\025\0\003\0\0\0\001\0\001\0\0\001\026\0\003\0\0\0\001\0\001\0\0\001\027\0\004\0\0\0\001\0\0\0\001\0\0\0\0\177' >tags.tif
cat >tags.args <<'EOF'
-n
-overwrite_original
-IFD0:Make=Maker
-IFD0:Model=Model One
-IFD0:Orientation=6
-IFD0:XResolution=300
-IFD0:YResolution=299.5
-IFD0:ResolutionUnit=3
-IFD0:Software=Soft 1.0
-IFD0:ModifyDate=2021:02:03 04:05:06
-IFD0:Artist=Ärtist
-IFD0:HostComputer=host
-IFD0:Copyright=(c) me
-IFD0:ImageDescription=A "quoted", described\ picture
-IFD0:DocumentName=doc
-IFD0:YCbCrPositioning=2
-IFD0:XPTitle=Tïtle
-IFD0:XPComment=kömment
-IFD0:XPAuthor=author
-IFD0:XPKeywords=a;b
-IFD0:XPSubject=subject 🎈
-ExposureTime=0.004
-FNumber=2.8
-ExposureProgram=2
-ISO=1600
-SensitivityType=2
-RecommendedExposureIndex=1600
-ExifVersion=0231
-ExifIFD:DateTimeOriginal=2020:01:02 03:04:05
-ExifIFD:CreateDate=2020:01:02 03:04:06
-OffsetTime=-03:30
-OffsetTimeOriginal=+02:00
-OffsetTimeDigitized=+01:00
-SubSecTime=7
-SubSecTimeOriginal=045
-SubSecTimeDigitized=99
-ShutterSpeedValue=0.004
-ApertureValue=2.8
-BrightnessValue=-1.25
-ExposureCompensation=-0.3333333
-MaxApertureValue=1.4
-SubjectDistance=3.5
-MeteringMode=5
-LightSource=9
-ExifIFD:Flash=16
-FocalLength=50
-UserComment=ünicode
-ColorSpace=65535
-ExifImageWidth=400
-ExifImageHeight=300
-SensingMethod=2
-FileSource=3
-SceneType=1
-CustomRendered=1
-ExposureMode=1
-WhiteBalance=1
-DigitalZoomRatio=1.5
-FocalLengthIn35mmFormat=75
-SceneCaptureType=2
-GainControl=1
-Contrast=1
-Saturation=2
-Sharpness=1
-SubjectDistanceRange=2
-ImageUniqueID=0123456789abcdef
-OwnerName=owner
-SerialNumber=00123
-LensInfo=24 70 2.8 2.8
-LensMake=Lenses
-LensModel=EF 50mm f/1.8
-LensSerialNumber=0042
-InteropIndex=R03
-GPSLatitude=33.8567844
-GPSLatitudeRef=S
-GPSLongitude=151.2152967
-GPSLongitudeRef=W
-GPSAltitude=12.5
-GPSAltitudeRef=1
-GPSDateStamp=2020:01:02
-GPSTimeStamp=01:04:05.5
-GPSSpeed=10.5
-GPSTrack=90
-GPSImgDirection=271.25
-GPSDOP=2.5
-GPSHPositioningError=4
-GPSMapDatum=WGS-84
-XMP-xmp:Rating=4
-XMP-xmp:Label=Red
-XMP-xmp:CreatorTool=Tool & co
-XMP-xmp:CreateDate=2019:01:01 00:00:00+01:00
-XMP-xmp:MetadataDate=2022:01:01 00:00:00Z
-XMP-dc:Title=Ruins <old>
-XMP-dc:Creator=First
-XMP-dc:Creator=Second
-XMP-dc:Description=Described
-XMP-dc:Subject=x
-XMP-dc:Subject=y & "z"
-XMP-dc:Rights=mine
-XMP-photoshop:State=Lazio
-XMP-photoshop:Country=Italy
-XMP-photoshop:City=Rome
-XMP-photoshop:Headline=Headline of XMP
-XMP-photoshop:AuthorsPosition=Staff
-XMP-photoshop:Instructions=None
-XMP-iptcCore:Location=Forum
-XMP-iptcCore:CountryCode=IT
EOF
cat >iptc.args <<'EOF'
-n
-overwrite_original
-IPTC:ObjectName=Object
-IPTC:Headline=Headline
-IPTC:Caption-Abstract=Columns
-IPTC:Keywords=stone
-IPTC:Keywords=old
-IPTC:By-line=Me
-IPTC:By-lineTitle=Staff
-IPTC:Credit=Agency
-IPTC:Source=Source
-IPTC:CopyrightNotice=(c)
-IPTC:City=Milan
-IPTC:Sub-location=Centre
-IPTC:Province-State=Lombardy
-IPTC:Country-PrimaryLocationName=Italy
-IPTC:Country-PrimaryLocationCode=ITA
-IPTC:SpecialInstructions=none
-IPTC:DateCreated=2020:01:02
-IPTC:TimeCreated=03:04:05+02:00
EOF
exiftool -q -q -@ tags.args tags.jpg tags.png tags.tif || fail "exiftool cannot write the tags"
# Where XMP has the same field, it counts; exiftool takes the one that stands last, in a TIFF IPTC's.
grep -v -e ':City=' -e ':Headline=' iptc.args >fewer.args
exiftool -q -q -@ iptc.args tags.jpg && exiftool -q -q -@ fewer.args tags.tif ||
    fail "exiftool cannot write IPTC"
cp tags.jpg little.jpg
exiftool -q -q -all= -tagsfromfile tags.jpg -all:all -unsafe -ExifByteOrder=II -overwrite_original little.jpg
cp tags.tif tags.nef
clproc index tags.jpg little.jpg tags.png tags.tif tags.nef -o tags.jsonl
expect_code 0
! grep -q '"Warning"' tags.jsonl || fail "there is nothing to warn of"
grep -q '"FileType":"NEF"' tags.jsonl || fail "a raw file should be told by its ending"
exiftool -n -j -JPEGQualityEstimate -All tags.jpg little.jpg tags.png tags.tif >tags.json 2>/dev/null
python3 "$tests/compare_index.py" tags.jsonl tags.json "$fields" >compared || fail "$(cat compared)"
[ "$(sed -n 's/.* values of \([0-9]*\) fields.*/\1/p' compared)" -ge 110 ] ||
    fail "more fields should have been compared: $(cat compared)"

# Raw files and BigTIFFs, as they are and with all tags that exiftool writes into them. It takes a BigTIFF's GPS for its
# interoperability, and of a CR3 XMP's date.
mkdir raw
python3 "$source_dir/tests/fuzz/seeds_raw.py" raw
expect_raw() { # VALUES FIELDS
    clproc index raw -o raw.jsonl
    expect_code 0
    ! grep -q '"Warning"' raw.jsonl || fail "there is nothing to warn of"
    exiftool -n -j raw >raw.json 2>/dev/null
    python3 "$tests/compare_index.py" raw.jsonl raw.json "$(echo "$fields" | sed 's/InteropIndex,//')" >compared ||
        fail "$(cat compared)"
    [ "$(sed -n 's/^\([0-9]*\) values of .*/\1/p' compared)" -ge "$1" ] &&
        [ "$(sed -n 's/.* values of \([0-9]*\) fields.*/\1/p' compared)" -ge "$2" ] ||
        fail "few were compared: $(cat compared)"
}
expect_raw 320 25
cp -r raw given
grep -v 'xmp:CreateDate' tags.args >raw.args
exiftool -q -q -@ raw.args raw/*.[dcnaprosm]* || fail "exiftool cannot write raw files"
expect_raw 1390 105
rm -r raw
mv given raw
# Boxes and directories that lead nowhere, or claim absurd numbers.
head -c 200 raw/canon.cr3 >cut.cr3
sed 's/CMT1/CMTX/' raw/canon.cr3 >none.cr3
head -c 50 raw/minolta.mrw >cut.mrw
sed 's/TTW/TTX/' raw/minolta.mrw >none.mrw
{ head -c 44 raw/minolta.mrw; printf '\377\377\377\377'; tail -c +49 raw/minolta.mrw; } >far.mrw
{ head -c 16 raw/little.btf; printf '\377\377\377\377\377\377\377\177'; tail -c +25 raw/little.btf; } >many.btf
printf 'II+\0\010\0\0\0\377\377\377\377\377\377\377\377' >far.btf
size=$(wc -c <raw/panasonic.rw2)
head -c $((size - 40)) raw/panasonic.rw2 >cut.rw2
clproc index cut.rw2 -o - --fields FNumber,Error,Warning
expect_code 0
expect_out '^{"FNumber":2.8,"Error":null,"Warning":".*preview: '
clproc index cut.mrw none.mrw -o - --fields FileType,width,Error
expect_code 1
lost='"Error":"is a raw file of which the directory cannot be read"'
[ "$(grep -c "^{\"FileType\":\"MRW\",\"ImageWidth\":3008,$lost}" "$out")" -eq 2 ] ||
    fail "MRWs without a directory: $(cat "$out")"
clproc index far.mrw -o - --fields FileType,width,FNumber,Error
expect_code 0 # the directory's end says more than its length
expect_out '^{"FileType":"MRW","ImageWidth":3008,"FNumber":2.8,"Error":null}'
clproc index cut.cr3 none.cr3 many.btf far.btf -o - --fields FileType,Error,Warning
expect_code 1
expect_out '^{"FileType":"CR3","Error":"is a raw file of which the directory cannot be found"'
expect_out '^{"FileType":"BTF","Error":null,"Warning":"EXIF: a directory is cut short'
expect_out '^{"FileType":"BTF","Error":"is a TIFF or raw file of which the directory cannot be read"'

# Raw files that are not read have a row, in a folder too.
mkdir strange
printf 'II\032\0\0\0HEAPCCDR\2\0\1\0%040d' 0 >strange/a.crw
printf 'FOVb\0\0\2\0%040d' 0 >strange/b.x3f
clproc index strange -o - --fields FileName,FileSize,FileModifyDate,FileType,Error
expect_code 1
for row in '"a.crw","FileSize":58,.*"CRW"' '"b.x3f","FileSize":48,.*"X3F"'; do
    expect_out "^{\"FileName\":$row,\"Error\":\"is a raw file of which no metadata is read; convert it to DNG"
done

# A WebP's size, EXIF and profile, from its chunks.
clproc run tags.jpg -o tags.webp
if [ "$code" -eq 0 ]; then
    clproc index tags.webp -o webp.jsonl
    expect_code 0
    exiftool -n -j -All tags.webp >webp.json 2>/dev/null
    python3 "$tests/compare_index.py" webp.jsonl webp.json "$fields" >compared ||
        fail "$(cat compared)"
else
    expect_err 'libwebp-dev'
fi

# What only a decoder knows: an AVIF's EXIF and profile, a Netpbm file's size.
clproc run tags.jpg -o tags.avif
if [ "$code" -eq 0 ]; then
    clproc run tags.jpg -o upright.png
    expect_code 0
    clproc index upright.png -o expected.jsonl --fields width,height,Make,iso,orientation,ProfileDescription
    expect_code 0
    clproc index tags.avif -o - --fields FileType,width,height,Make,iso,orientation,ProfileDescription
    expect_code 0
    [ "$(sed 's/"FileType":"AVIF",//' "$out")" = "$(cat expected.jsonl)" ] ||
        fail "an AVIF's row is not that of its source: $(cat "$out" expected.jsonl)"
else
    expect_err 'libheif-dev'
fi
clproc run tags.jpg -o wide.ppm
clproc index wide.ppm -o - --fields FileType,depth
expect_code 0
[ "$(cat "$out")" = '{"FileType":"PPM","BitsPerSample":8}' ] || fail "a PPM: $(cat "$out")"

# What lies in a folder that cannot be read may still be there.
clproc samples -o closing/closed --count 2 --width 20 --height 20
clproc samples -o closing/open --count 2 --width 20 --height 20
clproc index closing -o closing.csv
expect_code 0
rm "$(find closing/open -type f | head -n 1)"
chmod 0 closing/closed
as_owner= # without root's right to read everything
[ "$(id -u)" -ne 0 ] || as_owner='setpriv --bounding-set=-dac_override,-dac_read_search'
command_line=" index closing -o closing.csv --update" code=0
$as_owner "$CLPROC" index closing -o closing.csv --update >"$out" 2>"$err" || code=$?
expect_code 1
expect_err 'closing/closed: this folder cannot be read'
expect_err 'no row is dropped from the index'
expect_lines closing.csv 5
chmod 755 closing/closed
clproc index closing -o closing.csv --update
expect_code 0
expect_lines closing.csv 4

corpus=${CLPROC_CORPUS:-$source_dir/../shared/corpus}
[ -d "$corpus" ] || skip "no corpus; CLPROC_CORPUS may name it"
"$CLPROC" index "$corpus" -o corpus.jsonl --quiet 2>/dev/null
exiftool -n -j -r "$corpus" >corpus.json 2>/dev/null
python3 "$tests/compare_index.py" corpus.jsonl corpus.json "$fields" >compared || fail "$(tail -n 20 compared)"
