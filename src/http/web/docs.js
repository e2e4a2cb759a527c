// Shows openapi.yaml in Swagger UI. Everything comes from this host.
"use strict";

SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "/openapi.yaml",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
