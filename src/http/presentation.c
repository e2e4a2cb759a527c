/* How the caller wants the reply written. */
#include <string.h>

#include "http/method.h"
#include "wire/json.h"
#include "wire/quote.h"

static bool has_form(const struct ord_method *method)
{
    return method->gives == ORD_GIVES_RUNS;
}

static bool is_parameter(const void *method, const ProtobufCFieldDescriptor *field)
{
    char name[ORD_JSON_NAME_MAX];
    for (unsigned i = 0; ord_route_field(method, i, name, sizeof name); i++)
        if (strcmp(name, field->name) == 0)
            return false;
    return true;
}

enum ord_code ord_http_fail_unknown(const struct ord_method *method, const char *name, struct ord_error *error)
{
    char allowed[256], shown[ORD_QUOTE_MAX];
    ord_json_names(method->request, is_parameter, method, allowed, sizeof allowed);
    ord_quote(name, shown);
    return ord_fail(error, ORD_UNKNOWN_PARAMETER, "%s is not a parameter; allowed %s%sformat%s", shown, allowed,
                    *allowed ? ", " : "", has_form(method) ? ", form" : "");
}

static enum ord_code fail_repeated(const char *name, struct ord_error *error)
{
    return ord_fail(error, ORD_REPEATED_PARAMETER, "%s: given more than once; allowed once", name);
}

static enum ord_code read_form(const char *value, struct ord_http_presentation *presentation,
                               struct ord_error *error)
{
    if (presentation->form_given)
        return fail_repeated("form", error);
    presentation->form_given = true;
    presentation->as_runs = strcmp(value, "runs") == 0;
    if (presentation->as_runs || strcmp(value, "ids") == 0)
        return ORD_OK;
    char shown[ORD_QUOTE_MAX];
    ord_quote(value, shown);
    return ord_fail(error, ORD_INVALID_ARGUMENT, "form: %s is not a form; allowed ids, runs", shown);
}

static enum ord_code read_format(const char *value, struct ord_http_presentation *presentation,
                                 struct ord_error *error)
{
    if (presentation->format_given)
        return fail_repeated("format", error);
    presentation->format_given = true;
    enum ord_code code = ord_id_format_parse(value, &presentation->format, error);
    if (code != ORD_OK)
        ord_wrap(error, "format");
    return code;
}

enum ord_code ord_http_presentation_read(struct ord_http_reading *reading, struct ord_error *error)
{
    struct ord_http_query *query = &reading->query;
    unsigned kept = 0;
    for (unsigned i = 0; i < query->count; i++) {
        enum ord_code code = ORD_OK;
        if (strcmp(query->at[i].name, "format") == 0)
            code = read_format(query->at[i].value, &reading->presentation, error);
        else if (has_form(reading->method) && strcmp(query->at[i].name, "form") == 0)
            code = read_form(query->at[i].value, &reading->presentation, error);
        else
            query->at[kept++] = query->at[i];
        if (code != ORD_OK)
            return code;
    }
    query->count = kept;
    return ORD_OK;
}
