/* Cells, headings and paragraphs of tables. */
#include <string.h>

#include "core/utf8.h"
#include "report/tables.h"

/** Bytes of a string's first character; a byte that belongs to none is taken for one. */
static size_t character(const char *string, size_t size) {
    size_t length = clp_utf8_length((const unsigned char *)string, size);
    return length ? length : 1;
}

/** Columns a string takes: its characters. */
static int columns(const char *string, size_t size) {
    int count = 0;
    for (size_t i = 0; i < size; i += character(string + i, size - i)) {
        count++;
    }
    return count;
}

static void repeat(clp_text *text, const char *string, int times) {
    for (int i = 0; i < times; i++) {
        clp_text_add(text, string);
    }
}

/** True of what would steer a terminal, also as one of the 32 controls behind ASCII, and of a byte
 * that belongs to no character: some terminals take it for such a control. */
static bool steers(const char *string, size_t length) {
    unsigned char first = (unsigned char)string[0],
                  second = length > 1 ? (unsigned char)string[1] : 0;
    return length == 1 ? first < 0x20 || first >= 0x7F : first == 0xC2 && second < 0xA0;
}

/** Adds text that may come from files and drivers: what would steer a terminal becomes "?". */
static void add_shown(clp_text *text, const char *string, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t length = character(string + i, size - i);
        bool hidden = steers(string + i, length);
        clp_text_add_bytes(text, hidden ? "?" : string + i, hidden ? 1 : length);
        i += length;
    }
}

void clp_table_text(clp_text *text, const char *string) {
    add_shown(text, string, strlen(string));
}

void clp_table_heading(clp_text *text, const char *title, const char *note) {
    int used = columns(title, strlen(title)) + columns(note, strlen(note)) + (*note ? 5 : 4);
    clp_text_print(text, "\n── %s ", title);
    repeat(text, "─", CLP_TABLE_WIDTH - used);
    clp_text_add(text, *note ? " " : "");
    add_shown(text, note, strlen(note));
    clp_text_add(text, "\n");
}

void clp_table_cell(clp_text *text, int width, const char *string) {
    repeat(text, " ", width - columns(string, strlen(string)));
    clp_text_add(text, string);
}

void clp_table_name(clp_text *text, int width, const char *name) {
    int used = columns(name, strlen(name));
    add_shown(text, name, strlen(name));
    if (used > width || width == 0) {
        clp_text_add(text, "\n");
        used = 0;
    }
    repeat(text, " ", width - used);
}

/** Length up to the next place for a line break; a number stays with its unit. */
static size_t word_length(const char *word) {
    size_t length = strcspn(word, " ");
    while (word[length] == ' ' && word[length - 1] >= '0' && word[length - 1] <= '9') {
        length += 1 + strcspn(word + length + 1, " ");
    }
    return length;
}

void clp_table_paragraph(clp_text *text, int indent, const char *sentence) {
    int used = CLP_TABLE_WIDTH;
    for (const char *word = sentence + strspn(sentence, " "); *word;) {
        size_t length = word_length(word);
        int width = columns(word, length);
        if (used + 1 + width > CLP_TABLE_WIDTH) {
            clp_text_add(text, word == sentence ? "" : "\n");
            repeat(text, " ", indent);
            used = indent;
        } else {
            clp_text_add(text, " ");
            used++;
        }
        add_shown(text, word, length);
        used += width;
        word += length;
        word += strspn(word, " ");
    }
    clp_text_add(text, "\n");
}
