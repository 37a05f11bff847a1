"""Diagnosis before use: what a model's server and an embedder take, and what a file would bring. It writes nothing."""

from refdesk.doctor.files import FileReport as FileReport
from refdesk.doctor.files import examined as examined
from refdesk.doctor.servers import EmbedderReport as EmbedderReport
from refdesk.doctor.servers import ModelReport as ModelReport
from refdesk.doctor.servers import probed_embedder as probed_embedder
from refdesk.doctor.servers import probed_model as probed_model
