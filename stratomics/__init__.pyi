from omics.cohort.write import write_cohort as write_cohort
from omics.common.errors import InputError as InputError
from stratomics.api import datasets as datasets
from stratomics.api import get as get
from stratomics.api import pgx as pgx
from stratomics.api import pl as pl
from stratomics.api import pp as pp
from stratomics.api import tl as tl
from stratomics.api.check import check as check
from stratomics.api.cohort import cohort as cohort
from stratomics.api.cohort import read_cohort as read_cohort
from stratomics.api.enrichment import enrich as enrich
from stratomics.api.explain import explain as explain
from stratomics.api.panel import Panel as Panel
from stratomics.api.register import register as register
from stratomics.api.run import Run as Run
from stratomics.api.run import open_run as open_run
from stratomics.api.run import run as run
from stratomics.api.settings import settings as settings
from stratomics.api.simulate import simulate as simulate
from stratomics.api.stratifier import Stratifier as Stratifier
from stratomics.api.tools.twin import twin as twin
from stratomics.api.transport import transport as transport
from stratomics.strata.groups.subtypes import Subtypes as Subtypes

__version__: str
