"""packaging/kubernetes is checked by the schemas of Kubernetes, and by its own promises.

The schemas are for --all. They come from PyPI's kubernetes-validate, which ./dev fetches then. They are strict: they
refuse an unknown key. No registry has the PodMonitor's schema, which is its operator's. So the tests look here at what
the PodMonitor selects. With --all kubeconform and kustomize, built from the Go proxy, check the manifests in their own
way.
"""

import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml
from made import SOURCE, output_of, whole

FOLDER = SOURCE / "packaging" / "kubernetes"
SCHEMAS = SOURCE / "build" / "kubernetes-schemas"
NAME = {"app.kubernetes.io/name": "flow-exporter"}
TOOLS = {"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0",
         "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"}


def kustomization():
    return yaml.safe_load((FOLDER / "kustomization.yaml").read_text())


def resources():
    return {found["kind"]: found for found in (yaml.safe_load((FOLDER / name).read_text()) for name in kustomization()["resources"])}


def pod():
    return resources()["StatefulSet"]["spec"]["template"]["spec"]


def file_of(resource):
    group, _, version = resource["apiVersion"].rpartition("/")
    parts = [resource["kind"].lower(), *([group.split(".")[0]] if group else []), version]
    return SCHEMAS / ("-".join(parts) + ".json")


def check(resource):
    jsonschema.Draft202012Validator(json.loads(file_of(resource).read_text())).validate(resource)


def test_every_file_is_a_resource():
    there = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml", "flow-exporter.yaml"}
    assert there == set(kustomization()["resources"])
    assert set(resources()) == {"StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy", "PodMonitor"}


@whole
@pytest.mark.parametrize("kind", ["StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy"])
def test_it_is_as_the_schema_says(kind):
    check(resources()[kind])


@whole
def test_the_schema_refuses_what_it_does_not_know():
    changed = resources()["StatefulSet"]
    changed["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(jsonschema.ValidationError):
        check(changed)


def test_all_select_the_pods():
    found = resources()
    assert found["StatefulSet"]["spec"]["template"]["metadata"]["labels"] == NAME
    assert found["StatefulSet"]["spec"]["selector"] == {"matchLabels": NAME}
    assert found["Service"]["spec"]["selector"] == NAME
    assert found["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": NAME}
    assert found["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": NAME}
    assert found["PodMonitor"]["spec"]["selector"] == {"matchLabels": NAME}


def test_ports_have_the_name_of_the_containers():
    found = resources()
    (port,) = pod()["containers"][0]["ports"]
    assert found["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert found["PodMonitor"]["spec"]["podMetricsEndpoints"][0]["port"] == port["name"]
    assert found["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["port"] == port["name"]
    config = yaml.safe_load((FOLDER / "flow-exporter.yaml").read_text())
    assert config["outputs"][0]["listen"] == f":{port['containerPort']}"


def test_the_restricted_profile():
    """Each control of the Pod Security Standards' restricted profile."""
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    spec = pod()
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(set(volume) - {"name"} <= allowed for volume in spec["volumes"])
    assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] != 0
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not any("hostPort" in port for port in container["ports"])


def test_the_user_and_the_state_are_those_of_the_image():
    image = (SOURCE / "Dockerfile").read_text()
    user, group = re.search(r"^USER (\d+):(\d+)$", image, re.M).groups()
    context = pod()["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (int(user), int(group), int(group))
    place = re.search(r"^VOLUME (\S+)$", image, re.M).group(1)
    claims = {claim["metadata"]["name"] for claim in resources()["StatefulSet"]["spec"]["volumeClaimTemplates"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in pod()["containers"][0]["volumeMounts"]}
    assert mounts[place] in claims


def test_the_configuration_is_sound():
    """The program itself checks the configuration, with the pod's name in the environment."""
    program = [SOURCE / "build/core/flow-exporter", "--plugin-dir", SOURCE / "build/plugins"]
    output_of(*program, "--config", FOLDER / "flow-exporter.yaml", "--check", env={**os.environ, "POD_NAME": "flow-exporter-0"})
    arguments = pod()["containers"][0]["args"]
    mounts = {mount["mountPath"] for mount in pod()["containers"][0]["volumeMounts"]}
    assert arguments[0] == "--config" and os.path.dirname(arguments[1]) in mounts
    (generated,) = kustomization()["configMapGenerator"]
    assert generated["files"] == [os.path.basename(arguments[1])]


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
    """Programs from the Go proxy, built once in build/go."""
    place = SOURCE / "build" / "go"

    def make(name):
        if not (place / "bin" / name).exists():
            subprocess.run(["go", "install", TOOLS[name]], check=True, timeout=1500,
                           env={**os.environ, "GOPATH": str(place), "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"})
        return place / "bin" / name

    return make


@whole
def test_kustomize_and_kubeconform(tool):
    made = output_of(tool("kustomize"), "build", FOLDER)
    found = {resource["kind"]: resource for resource in yaml.safe_load_all(made)}
    assert set(found) == set(resources()) | {"ConfigMap"}
    spec = found["StatefulSet"]["spec"]["template"]["spec"]
    assert spec["volumes"][0]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"] != "flow-exporter"
    assert spec["containers"][0]["image"].startswith("flow-exporter:")
    said = output_of(tool("kubeconform"), "-strict", "-summary", "-skip", "PodMonitor", "-schema-location",
                     f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", "-", input=made)
    assert "Valid: 5, Invalid: 0, Errors: 0, Skipped: 1" in said, said
