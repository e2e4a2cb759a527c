#include "cli/transport.h"

void ord_transport_close(struct ord_transport *transport)
{
    if (transport->close)
        transport->close(transport->context);
    *transport = (struct ord_transport){0};
}
