#!/bin/sh
# Bad pictures fail by name and cause; the others are done, and no partial file stays.
. "$(dirname "$0")/lib.sh"
make_pictures in
op='--resize 8x'

failed() { # NAME PATTERN: this input alone fails, beside two good ones
    clproc run in/a.jpg "$1" in/b.png -o out $op
    expect_code 1
    expect_failures 1
    expect_err "^clproc: $1: "
    expect_err "$2"
    expect_err '2 written, 0 skipped, 1 failed'
    expect_count out 2
    expect_file out/a.jpg out/b.png
    rm -r out
}

failed missing.jpg 'No such file'
: >empty.jpg
failed empty.jpg 'empty\|not a picture'
echo 'This is no picture.' >text.jpg
failed text.jpg 'in a format that clproc knows'
printf '\377\330\377' >stub.jpg
failed stub.jpg 'Premature end of JPEG file'
head -c 600 in/a.jpg >cut.jpg
failed cut.jpg 'Premature end of JPEG file'
head -c 60 in/b.png >cut.png
failed cut.png 'it ends early'
mkfifo fifo.jpg
failed fifo.jpg 'regular\|pipe\|not a file'
ln -s nowhere.jpg dangling.jpg
failed dangling.jpg 'No such file'
ln -s loop.jpg loop.jpg
failed loop.jpg 'symbolic'
if [ "$(id -u)" -ne 0 ]; then
    cp in/a.jpg locked.jpg
    chmod 0 locked.jpg
    failed locked.jpg 'Permission denied'
fi

# A damaged picture, by how much is tolerated.
size=$(wc -c <in/a.jpg)
head -c $((size * 3 / 4)) in/a.jpg >short.jpg
clproc run short.jpg -o out $op --fail-on none
expect_code 0
expect_file out/short.jpg
rm -r out
clproc run short.jpg -o out $op --fail-on truncated
expect_code 1
expect_err '^clproc: short.jpg: '
expect_no_file out/short.jpg

# Limits are checked on the header, and the message names the option.
for limit in 'pixels 100' 'side 10'; do
    clproc run in/a.jpg -o out $op --limit-$limit
    expect_code 1
    expect_err "in/a.jpg: .*limit-${limit% *}"
    expect_count out 0
done

clproc run in/a.jpg -o out $op --memory 100
expect_code 1
expect_err 'in/a.jpg: .*of 100 bytes; raise it with --memory'

# Geometry that does not fit the picture.
clproc run in/b.png -o out --crop 10x10+100000+0
expect_code 1
expect_err 'in/b.png: .*crop'

# A folder without pictures, and one that is not there.
mkdir bare
clproc run bare -o out $op
expect_code 0
expect_err 'no file in the inputs'
expect_err 'no file\|bare'
clproc run nowhere -o out $op
expect_code 1
expect_err '^clproc: nowhere: '

# Outputs that cannot be written. What is no file stays, whoever could replace it.
mkdir special
mkfifo special/a.jpg
clproc run in -o special $op
expect_code 1
expect_err 'special/a.jpg: is a device, pipe or socket'
[ -p special/a.jpg ] || fail "the pipe was replaced"
expect_file special/b.png
clproc run in/a.jpg -o special/a.jpg $op
expect_code 1
expect_err 'special/a.jpg: is a device'
echo text >file
clproc run in -o file/out $op
case $code in 1 | 4) ;; *) fail "exit code 1 or 4 was expected" ;; esac
expect_err '^clproc: file'
mkdir -p taken/a.jpg
clproc run in -o taken $op
expect_code 1
expect_err 'a.jpg'
expect_file taken/b.png
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed
    chmod 500 closed
    clproc run in -o closed $op
    case $code in 1 | 4) ;; *) fail "exit code 1 or 4 was expected" ;; esac
    expect_err 'Permission denied'
    expect_count closed 0
fi

# What is wrong with metadata is told once, whatever outputs there are, and fails none of them.
{
    head -c 2 in/a.jpg
    printf '\377\341\000\020Exif\000\000XX*\000abcd'
    tail -c +3 in/a.jpg
} >broken-exif.jpg
clproc run broken-exif.jpg --to once/a --resize 8x --to once/b --resize 9x
expect_code 0
expect_err '^clproc: 2 written'
[ "$(grep -c 'warning: EXIF was dropped' "$err")" -eq 1 ] || fail "one warning was expected"
