"""Wire model of OCSF events: only the fields that an activity needs. Layout: schema.ocsf.io, 1.8.0 (and 1.0
to 1.7, which have the same fields where these have them), and 1.0.0-rc.2, which Amazon Security Lake's first
source version writes (``user.uuid``, ``user.account_uid``)."""

from __future__ import annotations

from pydantic import Field

from schemas.wire import Number, Part, Text, Wire


class Account(Wire):
    """The object ``account``."""

    uid: Text = ""


class User(Wire):
    """The object ``user``."""

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
    """The object ``session``."""

    uid: Text = ""
    issuer: Text = ""
    credential_uid: Text = ""
    expiration_time: Text = ""
    expiration_time_dt: Text = ""


class Actor(Wire):
    """The object ``actor``: who did it, in which session, through which application."""

    user: User = User()
    session: Session = Session()
    app_uid: Text = ""
    app_name: Text = ""
    invoked_by: Text = ""


class Service(Wire):
    """The object ``service``."""

    name: Text = ""


class Response(Wire):
    """The object ``response`` of an API call."""

    code: Number = None
    error: Text = ""


class Api(Wire):
    """The object ``api``: operation, service, answer and token of a call."""

    operation: Text = ""
    service: Service = Service()
    response: Response = Response()
    token: object = None


class AutonomousSystem(Wire):
    """The object ``autonomous_system``."""

    number: Number = None


class Endpoint(Wire):
    """The object ``network_endpoint``."""

    ip: Text = ""
    name: Text = ""
    autonomous_system: AutonomousSystem = AutonomousSystem()


class Request(Wire):
    """The object ``http_request``."""

    user_agent: Text = ""


class Answer(Wire):
    """The object ``http_response``."""

    code: Number = None


class Cloud(Wire):
    """The object ``cloud``."""

    provider: Text = ""
    account: Account = Account()
    account_uid: Text = ""
    project_uid: Text = ""


class Product(Wire):
    """The object ``product`` that wrote the event."""

    name: Text = ""


class Metadata(Wire):
    """The object ``metadata``: ids of the event, and the version of the schema."""

    uid: Text = ""
    original_event_uid: Text = ""
    version: Text = ""
    product: Product = Product()


class Entity(Wire):
    """The object ``managed_entity``."""

    uid: Text = ""
    name: Text = ""
    type: Text = ""
    type_id: Number = None
    user: User | None = None
    email: Part = Field(default_factory=dict)


class Named(Wire):
    """An object of which uid and name are read."""

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
