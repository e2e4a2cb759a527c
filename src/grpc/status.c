/* An error as gRPC callers get it: a status, a message, and a google.rpc.Status with details for programs. */
#include "grpc/internal.h"
#include "ordinal/wire/status.pb-c.h"

#define DOMAIN "ordinal.v1"
#define TYPE_URL "type.googleapis.com/google.rpc."

/* A reason is a word or two; a delay two numbers. */
#define DETAIL_MAX 64

struct detail {
    Ordinal__Wire__Any any;
    uint8_t bytes[DETAIL_MAX];
};

static Ordinal__Wire__Any *pack_detail(struct detail *detail, const char *type_url,
                                       const ProtobufCMessage *message)
{
    ordinal__wire__any__init(&detail->any);
    detail->any.type_url = (char *)type_url;
    detail->any.value.len = protobuf_c_message_pack(message, detail->bytes);
    detail->any.value.data = detail->bytes;
    return &detail->any;
}

static grpc_slice details_slice(const struct ord_error *error)
{
    const struct ord_code_info *code = ord_code_info(error->code);
    Ordinal__Wire__ErrorInfo info = ORDINAL__WIRE__ERROR_INFO__INIT;
    info.reason = (char *)code->name;
    info.domain = (char *)DOMAIN;
    Ordinal__Wire__Duration delay = ORDINAL__WIRE__DURATION__INIT;
    delay.seconds = error->retry_after_ms / 1000;
    delay.nanos = (int32_t)(error->retry_after_ms % 1000) * 1000000;
    Ordinal__Wire__RetryInfo retry = ORDINAL__WIRE__RETRY_INFO__INIT;
    retry.retry_delay = &delay;

    struct detail details[2];
    Ordinal__Wire__Any *list[2];
    Ordinal__Wire__Status status = ORDINAL__WIRE__STATUS__INIT;
    status.code = code->grpc_status;
    status.message = (char *)error->text;
    status.details = list;
    list[status.n_details++] = pack_detail(&details[0], TYPE_URL "ErrorInfo", &info.base);
    if (error->retry_after_ms > 0)
        list[status.n_details++] = pack_detail(&details[1], TYPE_URL "RetryInfo", &retry.base);
    return ord_message_slice(&status.base);
}

void ord_call_set_error(struct ord_call *call, const struct ord_error *error)
{
    call->code = error->code;
    call->status_text = grpc_slice_from_copied_string(error->text);
    call->trailer.key = grpc_slice_from_static_string("grpc-status-details-bin");
    call->trailer.value = details_slice(error);
    call->trailers = 1;
}

void ord_call_clear_error(struct ord_call *call)
{
    if (call->trailers == 0)
        return;
    grpc_slice_unref(call->status_text);
    grpc_slice_unref(call->trailer.value);
    call->status_text = (grpc_slice){0};
    call->trailers = 0;
}
