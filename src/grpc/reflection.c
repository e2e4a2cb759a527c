/* Server reflection, v1 and v1alpha: the two differ in the package's name only, so one does for both. */
#include "grpc/internal.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "wire/json.h"
#include "wire/quote.h"

#define FIELD(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define REPLY(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

typedef Grpc__Reflection__V1__ServerReflectionRequest request_message;
typedef Grpc__Reflection__V1__ServerReflectionResponse reply_message;

static enum ord_code no_memory(struct ord_error *error)
{
    return ord_fail(error, ORD_INTERNAL, "no memory");
}

static enum ord_code reply_error(reply_message *reply, struct ord_arena *arena, enum ord_code code,
                                 const char *what, const char *name, struct ord_error *error)
{
    Grpc__Reflection__V1__ErrorResponse *response =
        (void *)ord_message_new(&grpc__reflection__v1__error_response__descriptor, arena);
    char quoted[ORD_QUOTE_MAX];
    ord_quote(name, quoted);
    char *text = ord_arena_printf(arena, "%s: %s is not known", what, quoted);
    if (!response || !text)
        return no_memory(error);
    response->error_code = ord_code_info(code)->grpc_status;
    response->error_message = text;
    reply->message_response_case = REPLY(ERROR_RESPONSE);
    reply->error_response = response;
    return ORD_OK;
}

/* One file is all there is to send: ours import nothing. */
static enum ord_code reply_file(reply_message *reply, struct ord_arena *arena, struct ord_bytes file,
                                struct ord_error *error)
{
    Grpc__Reflection__V1__FileDescriptorResponse *response =
        (void *)ord_message_new(&grpc__reflection__v1__file_descriptor_response__descriptor, arena);
    ProtobufCBinaryData *bytes = ord_arena_alloc(arena, sizeof *bytes);
    if (!response || !bytes)
        return no_memory(error);
    *bytes = (ProtobufCBinaryData){.data = (uint8_t *)file.at, .len = file.size};
    response->file_descriptor_proto = bytes;
    response->n_file_descriptor_proto = 1;
    reply->message_response_case = REPLY(FILE_DESCRIPTOR_RESPONSE);
    reply->file_descriptor_response = response;
    return ORD_OK;
}

static enum ord_code by_name(const struct ord_grpc *grpc, const request_message *request, reply_message *reply,
                             struct ord_arena *arena, struct ord_error *error)
{
    struct ord_bytes file;
    if (!ord_descriptor_by_name(request->file_by_filename, &file))
        return reply_error(reply, arena, ORD_NOT_FOUND, "file", request->file_by_filename, error);
    return reply_file(reply, arena, file, error);
}

static enum ord_code by_symbol(const struct ord_grpc *grpc, const request_message *request,
                               reply_message *reply, struct ord_arena *arena, struct ord_error *error)
{
    struct ord_bytes file;
    if (!ord_descriptor_by_symbol(request->file_containing_symbol, &file))
        return reply_error(reply, arena, ORD_NOT_FOUND, "symbol", request->file_containing_symbol, error);
    return reply_file(reply, arena, file, error);
}

/* proto3 files have no extensions. */
static enum ord_code by_extension(const struct ord_grpc *grpc, const request_message *request,
                                  reply_message *reply, struct ord_arena *arena, struct ord_error *error)
{
    return reply_error(reply, arena, ORD_NOT_FOUND, "extension of",
                       request->file_containing_extension->containing_type, error);
}

static enum ord_code extension_numbers(const struct ord_grpc *grpc, const request_message *request,
                                       reply_message *reply, struct ord_arena *arena, struct ord_error *error)
{
    struct ord_bytes file;
    if (!ord_descriptor_by_symbol(request->all_extension_numbers_of_type, &file))
        return reply_error(reply, arena, ORD_NOT_FOUND, "type", request->all_extension_numbers_of_type, error);
    Grpc__Reflection__V1__ExtensionNumberResponse *response =
        (void *)ord_message_new(&grpc__reflection__v1__extension_number_response__descriptor, arena);
    if (!response)
        return no_memory(error);
    response->base_type_name = request->all_extension_numbers_of_type;
    reply->message_response_case = REPLY(ALL_EXTENSION_NUMBERS_RESPONSE);
    reply->all_extension_numbers_response = response;
    return ORD_OK;
}

static enum ord_code list_services(const struct ord_grpc *grpc, const request_message *request,
                                   reply_message *reply, struct ord_arena *arena, struct ord_error *error)
{
    Grpc__Reflection__V1__ListServiceResponse *response =
        (void *)ord_message_new(&grpc__reflection__v1__list_service_response__descriptor, arena);
    Grpc__Reflection__V1__ServiceResponse **list = ord_arena_alloc(arena, grpc->entry_count * sizeof *list);
    if (!response || !list)
        return no_memory(error);
    response->service = list;
    const char *name;
    for (size_t i = 0; (name = ord_grpc_service(grpc, i)); i++) {
        list[i] = (void *)ord_message_new(&grpc__reflection__v1__service_response__descriptor, arena);
        if (!list[i])
            return no_memory(error);
        list[i]->name = (char *)name;
        response->n_service++;
    }
    reply->message_response_case = REPLY(LIST_SERVICES_RESPONSE);
    reply->list_services_response = response;
    return ORD_OK;
}

static enum ord_code unsupported(const struct ord_grpc *grpc, const request_message *request,
                                 reply_message *reply, struct ord_arena *arena, struct ord_error *error)
{
    return reply_error(reply, arena, ORD_UNIMPLEMENTED, "message_request", "", error);
}

static const struct {
    int field;
    enum ord_code (*reply)(const struct ord_grpc *grpc, const request_message *request, reply_message *reply,
                           struct ord_arena *arena, struct ord_error *error);
} questions[] = {
    {FIELD(FILE_BY_FILENAME), by_name},
    {FIELD(FILE_CONTAINING_SYMBOL), by_symbol},
    {FIELD(FILE_CONTAINING_EXTENSION), by_extension},
    {FIELD(ALL_EXTENSION_NUMBERS_OF_TYPE), extension_numbers},
    {FIELD(LIST_SERVICES), list_services},
    {0, unsupported},
};

static enum ord_code answer(struct ord_call *call, struct ord_bytes bytes, struct ord_arena *arena,
                            struct ord_answered *ret, struct ord_error *error)
{
    ProtobufCMessage *message;
    enum ord_code code = ord_request_read(bytes, &grpc__reflection__v1__server_reflection_request__descriptor,
                                          arena, &message, error);
    if (code != ORD_OK)
        return code;
    request_message *request = (request_message *)message;

    reply_message reply = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
    reply.valid_host = request->host;
    reply.original_request = request;
    size_t i = 0;
    while (questions[i].field != 0 && questions[i].field != (int)request->message_request_case)
        i++;
    code = questions[i].reply(call->entry->grpc, request, &reply, arena, error);
    if (code == ORD_OK)
        *ret = (struct ord_answered){.message = ord_message_slice(&reply.base)};
    return code;
}

#define ROW(version)                                                                                           \
    {                                                                                                          \
        .service = "grpc.reflection." version ".ServerReflection", .name = "ServerReflectionInfo",             \
        .shape = ORD_RPC_PAIRED, .outstanding = 1, .answer = answer,                                           \
    }

const struct ord_rpc ord_reflection_rpcs[] = {ROW("v1"), ROW("v1alpha")};
const size_t ord_reflection_rpc_count = sizeof ord_reflection_rpcs / sizeof *ord_reflection_rpcs;
