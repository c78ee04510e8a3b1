"""Wire model of OCSF events: only the fields that an activity needs. Layout: schema.ocsf.io, 1.8.0 (and 1.0
to 1.7, which have the same fields where these have them), and 1.0.0-rc.2, which Amazon Security Lake's first
source version writes (``user.uuid``, ``user.account_uid``)."""

from __future__ import annotations

from pydantic import Field

from schemas.wire import Number, Part, Text, Wire


class Account(Wire):
    uid: Text = ""


class User(Wire):
    uid: Text = ""
    uid_alt: Text = ""
    uuid: Text = ""
    type: Text = ""
    account_uid: Text = ""
    name: Text = ""
    email_addr: Text = ""
    type_id: Number = None
    credential_uid: Text = ""
    programmatic_credentials: object = None
    account: Account = Account()


class Session(Wire):
    uid: Text = ""
    issuer: Text = ""
    credential_uid: Text = ""
    expiration_time: Text = ""
    expiration_time_dt: Text = ""


class Actor(Wire):
    user: User = User()
    session: Session = Session()
    app_uid: Text = ""
    app_name: Text = ""
    invoked_by: Text = ""


class Service(Wire):
    name: Text = ""


class Response(Wire):
    code: Number = None
    error: Text = ""


class Api(Wire):
    operation: Text = ""
    service: Service = Service()
    response: Response = Response()
    token: object = None


class Endpoint(Wire):
    ip: Text = ""
    name: Text = ""


class Request(Wire):
    user_agent: Text = ""


class Answer(Wire):
    code: Number = None


class Cloud(Wire):
    provider: Text = ""
    account: Account = Account()
    account_uid: Text = ""
    project_uid: Text = ""


class Product(Wire):
    name: Text = ""


class Metadata(Wire):
    uid: Text = ""
    original_event_uid: Text = ""
    version: Text = ""
    product: Product = Product()


class Entity(Wire):
    uid: Text = ""
    name: Text = ""
    type: Text = ""
    type_id: Number = None
    user: User | None = None
    email: Part = Field(default_factory=dict)


class Named(Wire):
    uid: Text = ""
    name: Text = ""


class Event(Wire):
    """One event. ``time`` in ms."""

    class_uid: Number = None
    class_name: Text = ""
    type_uid: Number = None
    type_name: Text = ""
    activity_id: Number = None
    activity_name: Text = ""
    time: Text = ""
    time_dt: Text = ""
    status_id: Number = None
    status: Text = ""
    status_code: Text = ""
    status_detail: Text = ""
    action_id: Number = None
    action: Text = ""
    unmapped: Part = Field(default_factory=dict)
    metadata: Metadata = Metadata()
    cloud: Cloud = Cloud()
    actor: Actor = Actor()
    user: User | None = None
    session: Session = Session()
    authentication_token: object = None
    api: Api = Api()
    src_endpoint: Endpoint = Endpoint()
    http_request: Request = Request()
    http_response: Answer = Answer()
    entity: Entity = Field(default_factory=Entity)
    resources: object = None
    service: Named = Named()
    databucket: Named = Named()
    database: Named = Named()
    table: Named = Named()
