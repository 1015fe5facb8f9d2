"""HTTP APIs for the local cloud: MiniStack ignores an API's OpenAPI body, so its routes become resources."""

from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete", "options", "head")


def spell_out_routes(template: Any) -> None:
    """Give every API of a translated template its integrations, routes and authorizers, as its ``Body`` lists them.

    The API's id becomes its logical id in lower case, so that its address is known and stays the same.
    """
    resources: dict[str, Any] = template["Resources"]
    apis = {name: found for name, found in resources.items() if found["Type"] == "AWS::ApiGatewayV2::Api"}
    for name, api in apis.items():
        body = api["Properties"].pop("Body")
        api["Properties"] = {
            "Name": body["info"]["title"],
            "ProtocolType": "HTTP",
            "CorsConfiguration": body.get("x-amazon-apigateway-cors"),
            "Tags": {"ms-custom-id": name.lower()},
        }
        schemes = body.get("components", {}).get("securitySchemes", {})
        for scheme, given in schemes.items():
            resources[f"{name}{scheme}Authorizer"] = _build_authorizer(name, scheme, given)
        operations = [
            (method, path, operation)
            for path, found in body["paths"].items()
            for method, operation in found.items()
            if method in (*_METHODS, "x-amazon-apigateway-any-method")
        ]
        for index, (method, path, operation) in enumerate(operations):
            integration = f"{name}Integration{index}"
            resources[integration] = _build_integration(name, operation["x-amazon-apigateway-integration"])
            resources[f"{name}Route{index}"] = _build_route(name, method, path, operation, integration, schemes)


def _build_authorizer(api: str, scheme: str, given: Any) -> dict[str, Any]:
    authorizer = given["x-amazon-apigateway-authorizer"]
    properties = {
        "ApiId": {"Ref": api},
        "Name": scheme,
        "AuthorizerType": authorizer["type"].upper(),
        "IdentitySource": [authorizer["identitySource"]],
        "JwtConfiguration": {
            "Issuer": authorizer["jwtConfiguration"]["issuer"],
            "Audience": authorizer["jwtConfiguration"]["audience"],
        },
    }
    return {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": properties}


def _build_integration(api: str, given: Any) -> dict[str, Any]:
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": given["uri"],
        "PayloadFormatVersion": given["payloadFormatVersion"],
    }
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties}


def _build_route(api: str, method: str, path: str, operation: Any, integration: str, schemes: Any) -> dict[str, Any]:
    verb = "ANY" if method.startswith("x-") else method.upper()
    properties = {
        "ApiId": {"Ref": api},
        "RouteKey": path if path == "$default" else f"{verb} {path}",
        "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
        "AuthorizationType": "NONE",
    }
    for scheme in (name for requirement in operation.get("security", []) for name in requirement if name in schemes):
        properties |= {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": f"{api}{scheme}Authorizer"}}
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}
