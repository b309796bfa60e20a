"""A registry's life through boto3. Prints one line for each step; any failed assertion ends it."""

import hashlib
import json
import sys
import urllib.request

import boto3

endpoint = sys.argv[1]

# ECR takes no smaller part, except as the last one.
PART = 5 * 1024 * 1024


def client(region=None):
    # boto3 before 1.28 does not follow AWS_ENDPOINT_URL, so it is handed over.
    return boto3.client("ecr", endpoint_url=endpoint, region_name=region)


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def send_layer(name, data):
    upload = ecr.initiate_layer_upload(repositoryName=name)
    for first in range(0, len(data), PART):
        part = data[first : first + PART]
        answer = ecr.upload_layer_part(
            repositoryName=name,
            uploadId=upload["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
        assert answer["lastByteReceived"] == first + len(part) - 1, answer
    done = ecr.complete_layer_upload(
        repositoryName=name, uploadId=upload["uploadId"], layerDigests=[sha256(data)]
    )
    assert done["layerDigest"] == sha256(data), done


def manifest_of(config, layer):
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": sha256(config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": sha256(layer),
                    "size": len(layer),
                }
            ],
        }
    )


ecr = client()
name = "boto/app"

made = ecr.create_repository(
    repositoryName=name,
    imageScanningConfiguration={"scanOnPush": True},
    tags=[{"Key": "a", "Value": "b"}],
)["repository"]
described = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
assert described == made, (described, made)
assert made["imageScanningConfiguration"] == {"scanOnPush": True}
assert made["encryptionConfiguration"] == {"encryptionType": "AES256"}
print("repository made and described")

layer = b"x" * PART + b"the last part is shorter"
send_layer(name, layer)
available = ecr.batch_check_layer_availability(
    repositoryName=name, layerDigests=[sha256(layer), sha256(b"never sent")]
)
assert available["layers"][0]["layerAvailability"] == "AVAILABLE", available
assert available["layers"][0]["layerSize"] == len(layer), available
try:
    ecr.get_download_url_for_layer(repositoryName=name, layerDigest=sha256(layer))
    raise AssertionError("a layer of no image was handed out")
except ecr.exceptions.LayerInaccessibleException:
    pass
print("layer sent in two parts")

configs = [json.dumps({"number": number}).encode() for number in range(3)]
for number, config in enumerate(configs):
    send_layer(name, config)
    manifest = manifest_of(config, layer)
    image = ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag=f"v{number}")["image"]
    assert image["imageId"] == {"imageDigest": sha256(manifest.encode()), "imageTag": f"v{number}"}, image
got = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "v2"}])["images"][0]
assert got["imageManifest"] == manifest
details = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v2"}])["imageDetails"][0]
assert details["imageTags"] == ["v2"] and details["imageSizeInBytes"] > 0
assert details["imagePushedAt"].tzinfo is not None
url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=sha256(layer))["downloadUrl"]
with urllib.request.urlopen(url) as reply:
    assert reply.read() == layer
print("image put, described and got back byte for byte; its layer read from a download URL")

pages = list(
    ecr.get_paginator("describe_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 1})
)
tags = sorted(tag for page in pages for each in page["imageDetails"] for tag in each["imageTags"])
assert tags == ["v0", "v1", "v2"], tags
assert all(len(page["imageDetails"]) <= 1 for page in pages)
print("three images on pages of one")

try:
    ecr.create_repository(repositoryName=name)
    raise AssertionError("made twice")
except ecr.exceptions.RepositoryAlreadyExistsException as fault:
    text = fault.response["Error"]["Message"]
    assert text == f"The repository with name '{name}' already exists in the registry with id '000000000000'", text
try:
    ecr.put_image(repositoryName=name, imageManifest=manifest, imageTag="v2")
    raise AssertionError("put twice")
except ecr.exceptions.ImageAlreadyExistsException:
    pass
try:
    ecr.put_image(repositoryName=name, imageManifest=manifest_of(b"never sent", layer), imageTag="v9")
    raise AssertionError("an image without its config")
except ecr.exceptions.LayersNotFoundException:
    pass
try:
    ecr.delete_repository(repositoryName=name)
    raise AssertionError("deleted with images")
except ecr.exceptions.RepositoryNotEmptyException:
    pass
print("faults are typed")

gone = ecr.batch_delete_image(
    repositoryName=name, imageIds=[{"imageTag": "v0"}, {"imageTag": "never"}]
)
assert [each["imageTag"] for each in gone["imageIds"]] == ["v0"], gone
assert [each["failureCode"] for each in gone["failures"]] == ["ImageNotFound"], gone
ecr.delete_repository(repositoryName=name, force=True)
assert ecr.describe_repositories()["repositories"] == []
print("image and repository deleted")

client("us-east-1").create_repository(repositoryName="same/name")
client("eu-west-1").create_repository(repositoryName="same/name")
arns = [
    client(region).describe_repositories()["repositories"][0]["repositoryArn"]
    for region in ("us-east-1", "eu-west-1")
]
assert arns == [f"arn:aws:ecr:{region}:000000000000:repository/same/name" for region in ("us-east-1", "eu-west-1")]
print("two regions do not see each other")
