/* An XMP packet made anew of some of the properties of another. */
#include <ctype.h>
#include <string.h>

#include "meta/meta.h"
#include "meta/read.h"

typedef enum form {
    TEXT,
    ALT, /**< a text by language */
    SEQ,
    BAG
} form;

typedef struct property {
    uint32_t part; /**< CLPROC_METADATA_… */
    const char *schema, *name;
    form form;
} property;

static const property properties[] = {
    {CLPROC_METADATA_COPYRIGHT, "dc", "rights", ALT},
    {CLPROC_METADATA_COPYRIGHT, "dc", "creator", SEQ},
    {CLPROC_METADATA_COPYRIGHT, "tiff", "Copyright", ALT},
    {CLPROC_METADATA_COPYRIGHT, "tiff", "Artist", TEXT},
    {CLPROC_METADATA_COPYRIGHT, "photoshop", "Credit", TEXT},
    {CLPROC_METADATA_COPYRIGHT, "xmpRights", "Marked", TEXT},
    {CLPROC_METADATA_COPYRIGHT, "xmpRights", "WebStatement", TEXT},
    {CLPROC_METADATA_COPYRIGHT, "xmpRights", "Certificate", TEXT},
    {CLPROC_METADATA_COPYRIGHT, "xmpRights", "UsageTerms", ALT},
    {CLPROC_METADATA_COPYRIGHT, "xmpRights", "Owner", BAG},
    {CLPROC_METADATA_DATE, "xmp", "CreateDate", TEXT},
    {CLPROC_METADATA_DATE, "xmp", "ModifyDate", TEXT},
    {CLPROC_METADATA_DATE, "xmp", "MetadataDate", TEXT},
    {CLPROC_METADATA_DATE, "photoshop", "DateCreated", TEXT},
    {CLPROC_METADATA_DATE, "exif", "DateTimeOriginal", TEXT},
    {CLPROC_METADATA_DATE, "exif", "DateTimeDigitized", TEXT},
    {CLPROC_METADATA_DATE, "tiff", "DateTime", TEXT},
    {CLPROC_METADATA_GPS, "photoshop", "City", TEXT},
    {CLPROC_METADATA_GPS, "photoshop", "State", TEXT},
    {CLPROC_METADATA_GPS, "photoshop", "Country", TEXT},
    {CLPROC_METADATA_GPS, "Iptc4xmpCore", "Location", TEXT},
    {CLPROC_METADATA_GPS, "Iptc4xmpCore", "CountryCode", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSVersionID", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSLatitude", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSLongitude", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSAltitude", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSAltitudeRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSTimeStamp", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSSatellites", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSStatus", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSMeasureMode", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDOP", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSSpeedRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSSpeed", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSTrackRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSTrack", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSImgDirectionRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSImgDirection", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSMapDatum", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestLatitude", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestLongitude", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestBearingRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestBearing", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestDistanceRef", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDestDistance", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSProcessingMethod", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSAreaInformation", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSDifferential", TEXT},
    {CLPROC_METADATA_GPS, "exif", "GPSHPositioningError", TEXT},
    {CLPROC_METADATA_GPS, "geo", "lat", TEXT},
    {CLPROC_METADATA_GPS, "geo", "long", TEXT},
    {CLPROC_METADATA_GPS, "geo", "alt", TEXT},
    {CLPROC_METADATA_ORIENTATION, "tiff", "Orientation", TEXT},
};

#define COUNT (sizeof properties / sizeof *properties)

static const char head[] = "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                           "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
                           " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
                           "  <rdf:Description rdf:about=\"\"";
static const char tail[] = "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
                           "<?xpacket end=\"w\"?>";

typedef struct picking {
    uint32_t parts;
    bool seen[COUNT];
    const property *open; /**< a list that may go on */
    clp_bytes *out;
    clproc_status status;
    clproc_error *error;
} picking;

static void append(picking *self, const char *text, size_t size) {
    if (self->status == CLPROC_OK && size > 0) {
        self->status = clp_bytes_append(self->out, text, size, self->error);
    }
}

static void put(picking *self, const char *text) {
    append(self, text, strlen(text));
}

/** Appends a text, without what XML cannot hold. */
static void put_text(picking *self, const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '&' || c == '<' || c == '>') {
            put(self, c == '&' ? "&amp;" : c == '<' ? "&lt;" : "&gt;");
        } else if (c >= ' ' || isspace(c)) {
            append(self, text + i, 1);
        }
    }
}

static void put_tag(picking *self, const property *one, const char *slash) {
    put(self, slash[0] ? "</" : "   <");
    put(self, one->schema);
    put(self, ":");
    put(self, one->name);
    put(self, slash[0] ? ">\n" : ">");
}

static const char *list_name(form of) {
    static const char *const names[] = {
        [TEXT] = NULL, [ALT] = "rdf:Alt>", [SEQ] = "rdf:Seq>", [BAG] = "rdf:Bag>"};
    return names[of];
}

static void close_list(picking *self) {
    if (self->open) {
        put(self, "</");
        put(self, list_name(self->open->form));
        put_tag(self, self->open, "/");
    }
    self->open = NULL;
}

/** An item of a list that is open; in one by language, a further item without one cannot be told
 * from the first. */
static void put_item(picking *self, const property *one, const clp_xmp_value *value) {
    if (one->form != ALT) {
        put(self, "<rdf:li>");
    } else if (value->language[0] || !self->open) {
        put(self, "<rdf:li xml:lang=\"");
        put(self, value->language[0] ? value->language : "x-default");
        put(self, "\">");
    } else {
        return;
    }
    put_text(self, value->text, value->size);
    put(self, "</rdf:li>");
}

static void put_property(picking *self, const property *one, const clp_xmp_value *value) {
    put_tag(self, one, "");
    if (one->form == TEXT) {
        put_text(self, value->text, value->size);
        put_tag(self, one, "/");
        return;
    }
    put(self, "<");
    put(self, list_name(one->form));
    put_item(self, one, value);
    self->open = one;
}

static const property *find(const picking *self, const clp_xmp_value *value) {
    for (const property *one = properties; one < properties + COUNT; one++) {
        if ((one->part & self->parts) && strcmp(one->schema, value->schema) == 0 &&
            strcmp(one->name, value->name) == 0) {
            return one;
        }
    }
    return NULL;
}

static void take(void *user, const clp_xmp_value *value) {
    picking *self = user;
    const property *one = find(self, value);
    if (one && one == self->open) {
        put_item(self, one, value);
        return;
    }
    close_list(self);
    if (one && !self->seen[one - properties]) {
        self->seen[one - properties] = true;
        put_property(self, one, value);
    }
}

/** Declares each schema of the table once. */
static void put_schemas(picking *self) {
    for (size_t i = 0; i < COUNT; i++) {
        size_t first = 0;
        while (strcmp(properties[first].schema, properties[i].schema) != 0) {
            first++;
        }
        if (first == i) {
            put(self, "\n    xmlns:");
            put(self, properties[i].schema);
            put(self, "=\"");
            put(self, clp_xmp_schema(properties[i].schema));
            put(self, "\"");
        }
    }
    put(self, ">\n");
}

clproc_status clp_xmp_pick(const uint8_t *data, size_t size, uint32_t parts, clp_bytes *out,
                           clproc_error *error) {
    picking self = {.parts = parts, .out = out, .error = error};
    out->size = 0;
    put(&self, head);
    put_schemas(&self);
    size_t empty = out->size;
    const char *flaw = clp_xmp_read(data, size, take, &self);
    close_list(&self);
    if (self.status == CLPROC_OK && flaw) {
        self.status = clp_error_set(error, CLPROC_ERROR_INPUT, "the XMP packet is not well-formed");
    }
    if (out->size == empty) {
        out->size = 0;
        return self.status;
    }
    put(&self, tail);
    return self.status;
}
